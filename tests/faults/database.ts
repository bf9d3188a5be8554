import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** The database of a world: cloned from a migrated one, and kept aside and brought back in whole. */
export class Database {
  readonly #adminUrl: string;
  readonly #name = `faults_${randomBytes(8).toString('hex')}`;
  readonly #aside: string[] = [];
  #pool: pg.Pool;

  private constructor(adminUrl: string) {
    this.#adminUrl = adminUrl;
    this.#pool = this.#open();
  }

  static async make({ adminUrl, template }: { adminUrl: string; template: string }) {
    const database = new Database(adminUrl);
    await database.#administer(`create database ${database.#name} template ${template}`);
    return database;
  }

  get url(): string {
    return Object.assign(new URL(this.#adminUrl), { pathname: `/${this.#name}` }).href;
  }

  get pool(): pg.Pool {
    return this.#pool;
  }

  /** Once nobody else uses it: keeps it as it is, under the name that is answered. */
  async setAside(): Promise<string> {
    const kept = `${this.#name}_${this.#aside.length}`;
    await this.#pool.end();
    await this.#administer(`alter database ${this.#name} rename to ${kept}`);
    this.#aside.push(kept);
    return kept;
  }

  /** From now on it is a copy of one that was set aside. */
  async replaceBy(kept: string): Promise<void> {
    if (!this.#pool.ending) await this.#pool.end();
    await this.#administer(
      `drop database if exists ${this.#name} with (force)`,
      `create database ${this.#name} template ${kept}`,
    );
    this.#pool = this.#open();
  }

  async drop(): Promise<void> {
    if (!this.#pool.ending) await this.#pool.end();
    await this.#administer(
      ...[this.#name, ...this.#aside].map((one) => `drop database if exists ${one} with (force)`),
    );
  }

  #open(): pg.Pool {
    const pool = new pg.Pool({ connectionString: this.url, max: 3 });
    pool.on('error', () => undefined);
    return pool;
  }

  async #administer(...statements: string[]): Promise<void> {
    const client = new pg.Client(this.#adminUrl);
    await client.connect();
    try {
      for (const statement of statements) await client.query(statement);
    } finally {
      await client.end();
    }
  }
}
