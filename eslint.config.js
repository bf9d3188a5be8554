import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import vue from 'eslint-plugin-vue';
import vueAccessibility from 'eslint-plugin-vuejs-accessibility';
import globals from 'globals';
import ts from 'typescript-eslint';

export default ts.config(
  { ignores: ['node_modules', '**/dist', '.data', '.cache', 'coverage', 'src/db/migrations'] },
  js.configs.recommended,
  ...ts.configs.recommended,
  // Of no use, and a third of the time, where there are no components.
  ...[...vue.configs['flat/recommended'], ...vueAccessibility.configs['flat/recommended']].map(
    (config) => ({ files: ['src/client/**/*.{ts,js,vue}'], ...config }),
  ),
  {
    languageOptions: { globals: { ...globals.node } },
    rules: {
      eqeqeq: ['error', 'always'],
      'no-console': 'error',
      'prefer-const': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_' },
      ],
    },
  },
  // The compilers refuse what is not used (`noUnusedLocals`, `noUnusedParameters`), and have it anyway.
  { files: ['**/*.{ts,vue}'], rules: { '@typescript-eslint/no-unused-vars': 'off' } },
  {
    files: ['**/*.vue'],
    languageOptions: {
      globals: { ...globals.browser },
      parserOptions: { parser: ts.parser, extraFileExtensions: ['.vue'] },
    },
    rules: {
      'vue/multi-word-component-names': 'off',
      'vue/require-default-prop': 'off',
      // A label names its control by `for` or by holding it; both at once is not needed.
      'vuejs-accessibility/label-has-for': ['error', { required: { some: ['nesting', 'id'] } }],
    },
  },
  {
    files: ['src/client/**/*.{ts,js}', 'local-stripe/pages/assets/*.js', 'tests/e2e/**/*.ts'],
    languageOptions: { globals: { ...globals.browser } },
  },
  {
    files: ['scripts/**/*.{ts,cjs}', 'bench/**/*.ts', '**/main.ts'],
    rules: { 'no-console': 'off' },
  },
  prettier,
);
