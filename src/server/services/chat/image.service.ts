import { randomUUID } from 'node:crypto';
import type { ImageView } from '../../../domain/api.ts';
import { drawLandscape } from './draw-image.ts';

const MIME_TYPE = 'image/svg+xml';

/** Pictures from words. */
export class ImageService {
  /** A landscape whose every line the prompt decides; a new id each time. */
  generate(prompt: string): ImageView {
    const data = Buffer.from(drawLandscape(prompt)).toString('base64');
    return { id: randomUUID(), mimeType: MIME_TYPE, dataUrl: `data:${MIME_TYPE};base64,${data}` };
  }
}
