import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CharactersView, CharacterView, ImageView } from '../../../domain/api.ts';
import { countersOf, putOnPlan } from '../../../../tests/support/metering.ts';
import { startTestServer, type TestServer } from '../../../../tests/support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await server.context.services.characters.ensureStarters();
});
afterAll(() => server.stop());

async function tenant() {
  const { session, call } = await server.signUp();
  const { id } = session.tenant;
  return {
    id,
    call,
    images: async () => (await countersOf(server.database.pool, id)).images,
    draw: (prompt: unknown) => call.post<{ image: ImageView }>('/api/images', { prompt }),
  };
}

describe('images', () => {
  test('the same words get the same picture, a safe one, for one image each', async () => {
    const { draw, images } = await tenant();
    const prompt = '“</svg><script>alert(1)</script> 龙 & fire';
    const [first, second, other] = [await draw(prompt), await draw(prompt), await draw('a sea')];
    expect(first.status).toBe(200);
    const { mimeType, dataUrl } = first.body.image;
    expect(mimeType).toBe('image/svg+xml');
    expect(dataUrl).toBe(second.body.image.dataUrl);
    expect(dataUrl).not.toBe(other.body.image.dataUrl);
    expect(first.body.image.id).not.toBe(second.body.image.id);
    const svg = Buffer.from(dataUrl.split(',')[1] ?? '', 'base64').toString();
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg".*<\/svg>$/);
    expect(svg).not.toMatch(/script|alert|NaN|undefined/);
    expect(await images()).toEqual({ used: 3, held: 0 });
  });

  test('fifteen at once on ten: ten pictures', async () => {
    const { draw, images } = await tenant();
    const answers = await Promise.all(Array.from({ length: 15 }, (_, i) => draw(`sea ${i}`)));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(5);
    expect(refused[0]?.body).toMatchObject({
      code: 'quota_exceeded',
      details: { resource: 'images', limit: 10, plans: ['pro', 'team'] },
    });
    expect(await images()).toEqual({ used: 10, held: 0 });
  });

  test.each([undefined, '', ' ', 1, 'x'.repeat(2_001), 'a\0b'])(
    'the prompt %j is refused and costs nothing',
    async (prompt) => {
      const { draw, images } = await tenant();
      expect(await draw(prompt)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
      expect(await images()).toEqual({ used: 0, held: 0 });
    },
  );
});

describe('characters', () => {
  const mira = { name: 'Mira', description: 'Draws maps.', greeting: 'Where to?' };

  test('everybody finds those that come with the product, once', async () => {
    await server.context.services.characters.ensureStarters();
    const { call } = await tenant();
    const { body } = await call.get<CharactersView>('/api/characters');
    const starters = body.characters.filter(({ own }) => !own);
    expect(new Set(starters.map(({ name }) => name)).size).toBe(6);
    expect(starters.every(({ shared }) => shared)).toBe(true);
  });

  test('one’s own are private on free; sharing needs a plan that has it', async () => {
    const { call } = await tenant();
    const made = await call.post<CharacterView>('/api/characters', { ...mira, shared: false });
    expect(made.status).toBe(201);
    expect(made.body).toEqual({
      ...{ ...mira, id: expect.any(String), shared: false, own: true, hidden: false },
      ...{ editable: true, reported: false },
    });
    const refused = await call.post('/api/characters', { ...mira, shared: true });
    expect(refused.status).toBe(403);
    expect(refused.body).toMatchObject({
      error: 'Upgrade required',
      details: { feature: 'character_share', plans: ['pro', 'team'] },
    });
    const stranger = await tenant();
    const { body } = await stranger.call.get<CharactersView>('/api/characters');
    expect(body.characters.map(({ id }) => id)).not.toContain(made.body.id);
  });

  test('a shared one is in everybody’s community, its owner’s first of all', async () => {
    const [author, reader] = [await tenant(), await tenant()];
    await putOnPlan(server.database, author.id, 'team');
    const share = () =>
      author.call.post<CharacterView>('/api/characters', { ...mira, shared: true });
    await expect.poll(async () => (await share()).status).toBe(201);
    const mine = (await author.call.get<CharactersView>('/api/characters')).body.characters[0];
    const theirs = (await reader.call.get<CharactersView>('/api/characters')).body.characters;
    expect(mine).toMatchObject({ name: 'Mira', shared: true, own: true });
    expect(theirs).toContainEqual({ ...mine, own: false, editable: false });
  });

  test.each([
    [{}],
    [{ ...mira, name: '' }],
    [{ ...mira, name: 'x'.repeat(81) }],
    [{ ...mira, description: null }],
    [{ ...mira, shared: 'yes' }],
    [{ ...mira, greeting: '\u0000' }],
    [{ ...mira, greeting: 'a\udc00' }],
    [{ ...mira, own: true }],
  ])('the body %j is refused', async (body) => {
    const { call } = await tenant();
    expect(await call.post('/api/characters', body)).toMatchObject({
      status: 400,
      body: { code: 'invalid_request' },
    });
  });
});
