import { existsSync } from 'node:fs';

/** The settings of `.env`, where there is one; what is set already wins. Imported for its effect. */
if (existsSync('.env')) process.loadEnvFile('.env');
