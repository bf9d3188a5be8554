import { crc32, deflateSync } from 'node:zlib';
import { encode, renderSVG } from 'uqr';

const modulePixels = 6;
const border = 4;

/** A QR code as an SVG document. */
export function qrSvg(text: string): string {
  return renderSVG(text, { border, pixelSize: modulePixels });
}

/** A QR code as a black-and-white PNG. */
export function qrPng(text: string): Buffer {
  const { data, size } = encode(text, { border });
  const pixels = size * modulePixels;
  const rows: Buffer[] = [];
  for (let y = 0; y < pixels; y += 1) {
    // Each row begins with its filter (0: none); one bit a pixel, 1 is white.
    const row = Buffer.alloc(1 + Math.ceil(pixels / 8));
    for (let x = 0; x < pixels; x += 1) {
      const isDark = data[Math.floor(y / modulePixels)]![Math.floor(x / modulePixels)];
      if (!isDark) row[1 + (x >> 3)]! |= 0x80 >> (x & 7);
    }
    rows.push(row);
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(pixels, 0);
  header.writeUInt32BE(pixels, 4);
  header[8] = 1;
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.concat(rows))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'ascii'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}
