// Runs before the first paint: the stored choice of theme and language, else the system's.
(function () {
  var root = document.documentElement;
  var theme = null;
  var language = null;
  try {
    theme = localStorage.getItem('squaretable.theme');
    language = localStorage.getItem('squaretable.language');
  } catch (_error) {
    // Storage may be refused; the system's preferences serve then.
  }
  var dark =
    theme === 'dark' || (theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  root.classList.toggle('dark', dark);
  root.lang = language || (/^zh/i.test(navigator.language) ? 'zh-CN' : 'en');
})();
