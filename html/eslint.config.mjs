// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// What ESLint checks in the page.  t/lint/run runs it; nothing is let pass.

import tseslint from 'typescript-eslint';

export default tseslint.config({
    files: ['src/**/*.{ts,tsx}'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
        // an arrow that hands on what a setter returns is shorter, and hides nothing
        '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
        // numbers join texts in labels, times and sizes
        '@typescript-eslint/restrict-plus-operands': ['error', { allowNumberAndString: true }],
        '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
});
