import path from 'node:path';
import vue from '@vitejs/plugin-vue';
import Components from 'unplugin-vue-components/vite';
import { ElementPlusResolver } from 'unplugin-vue-components/resolvers';
import { defineConfig } from 'vite';
import { compression, defineAlgorithm } from 'vite-plugin-compression2';

const CLIENT = path.join(import.meta.dirname, 'src/client');
const SHARED =
  /src\/(client\/(components\/(feedback|shell)|composables|services|stores|session|subscription)|domain(?!\/accounts\/audit))\//;
const apiPort = process.env['PORT'] ?? '3000';

/**
 * Builds the pages into `dist/client`. Element Plus is taken component by component: a tag in a
 * template brings its code and its style, so that what no page uses is not shipped. Every file of
 * text lies beside itself compressed, and is served so to who accepts it.
 */
export default defineConfig({
  root: CLIENT,
  plugins: [
    vue(),
    Components({ dirs: [], dts: false, resolvers: [ElementPlusResolver({ importStyle: 'css' })] }),
    compression({
      include: /\.(js|css|html|svg|json)$/,
      threshold: 256,
      algorithms: [defineAlgorithm('brotliCompress'), defineAlgorithm('gzip', { level: 9 })],
    }),
  ],
  define: {
    __VUE_I18N_FULL_INSTALL__: false,
    __VUE_I18N_LEGACY_API__: false,
    __INTLIFY_PROD_DEVTOOLS__: false,
  },
  build: {
    outDir: path.join(import.meta.dirname, 'dist/client'),
    emptyOutDir: true,
    target: 'es2022',
    // The chart is a chunk of its own, asked for when the usage card is drawn.
    chunkSizeWarningLimit: 600,
    rolldownOptions: {
      output: {
        codeSplitting: {
          // What the pages share of ours: dozens of files of a few hundred bytes each would weigh
          // more in headers than in code, and pack worse.
          groups: [{ name: 'shared', test: SHARED, minShareCount: 3 }],
        },
      },
    },
  },
  server: {
    proxy: Object.fromEntries(
      ['/api', '/webhooks', '/__dev'].map((prefix) => [prefix, `http://localhost:${apiPort}`]),
    ),
  },
});
