import { createHash } from 'node:crypto';

const WIDTH = 512;
const HEIGHT = 320;

/** Sky from top to horizon, sun or moon, and the hills from far to near. */
interface Palette {
  sky: [string, string];
  light: string;
  hills: string[];
  night: boolean;
}

const PALETTES: Palette[] = [
  {
    sky: ['#f7b267', '#f4845f'],
    light: '#fff1c9',
    hills: ['#d1495b', '#93385f', '#4a2545', '#2a1a3a'],
    night: false,
  },
  {
    sky: ['#89c2d9', '#e0f2f1'],
    light: '#fffbe6',
    hills: ['#7fb7a3', '#4f9d86', '#2d7a68', '#1b4f4a'],
    night: false,
  },
  {
    sky: ['#0b132b', '#3a506b'],
    light: '#f5f3e7',
    hills: ['#33415c', '#243049', '#182238', '#0d1526'],
    night: true,
  },
  {
    sky: ['#cdb4db', '#ffc8dd'],
    light: '#ffffff',
    hills: ['#a2a3d1', '#7b7fb8', '#55598f', '#34375f'],
    night: false,
  },
  {
    sky: ['#1d2d44', '#748cab'],
    light: '#ffe8b6',
    hills: ['#5b7391', '#3e5c76', '#28405a', '#16283c'],
    night: true,
  },
];

/**
 * A small landscape as SVG, the same for the same prompt. The prompt only seeds it: none of its
 * text gets into the picture, so nothing in it can be markup.
 */
export function drawLandscape(prompt: string): string {
  const random = randomOf(prompt);
  const palette = PALETTES[Math.floor(random() * PALETTES.length)] ?? PALETTES[0]!;
  const light = {
    x: round(60 + random() * (WIDTH - 120)),
    y: round(40 + random() * 90),
    r: round(18 + random() * 22),
  };
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}">`,
    `<defs><linearGradient id="sky" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="${palette.sky[0]}"/><stop offset="1" stop-color="${palette.sky[1]}"/></linearGradient></defs>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="url(#sky)"/>`,
    ...(palette.night ? stars(random, palette.light) : []),
    `<circle cx="${light.x}" cy="${light.y}" r="${light.r * 2}" fill="${palette.light}" opacity="0.18"/>`,
    `<circle cx="${light.x}" cy="${light.y}" r="${light.r}" fill="${palette.light}"/>`,
    ...palette.hills.map((color, layer) => hill(random, color, layer)),
    ...(palette.night ? [] : birds(random)),
    '</svg>',
  ].join('');
}

function stars(random: () => number, color: string): string[] {
  return Array.from({ length: 60 }, () => {
    const [x, y] = [round(random() * WIDTH), round(random() * HEIGHT * 0.6)];
    const [r, opacity] = [round(0.4 + random() * 1.1), round(0.4 + random() * 0.6)];
    return `<circle cx="${x}" cy="${y}" r="${r}" fill="${color}" opacity="${opacity}"/>`;
  });
}

/** A ridge of three waves that grow with nearness, closed at the bottom edge. */
function hill(random: () => number, color: string, layer: number): string {
  const base = 150 + layer * 45;
  const waves = [1, 2, 5].map((frequency) => ({
    frequency,
    height: ((14 + layer * 5) / frequency) * (0.6 + random()),
    phase: random() * Math.PI * 2,
  }));
  const points = Array.from({ length: 65 }, (_, i) => {
    const x = (i / 64) * WIDTH;
    const lift = waves.map(
      (w) => w.height * Math.sin((x / WIDTH) * Math.PI * 2 * w.frequency + w.phase),
    );
    return `${round(x)},${round(base + lift.reduce((sum, y) => sum + y, 0))}`;
  });
  return `<polygon fill="${color}" points="0,${HEIGHT} ${points.join(' ')} ${WIDTH},${HEIGHT}"/>`;
}

function birds(random: () => number): string[] {
  return Array.from({ length: 3 }, () => {
    const [x, y] = [round(40 + random() * (WIDTH - 80)), round(50 + random() * 70)];
    return `<path d="M${x - 8} ${y - 3}q4 -4 8 3q4 -7 8 -3" fill="none" stroke="#3b2f3f" stroke-width="1.6" stroke-linecap="round" opacity="0.7"/>`;
  });
}

/** Numbers in [0, 1) that the prompt alone decides. */
function randomOf(prompt: string): () => number {
  let block = createHash('sha256').update(prompt).digest();
  let offset = 0;
  return () => {
    if (offset + 4 > block.length) {
      block = createHash('sha256').update(block).digest();
      offset = 0;
    }
    const value = block.readUInt32BE(offset);
    offset += 4;
    return value / 2 ** 32;
  };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
