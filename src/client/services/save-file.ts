/** Hands `content` to the browser as a download called `name`. */
export function saveFile(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The download has its own hold of the content once it began.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
