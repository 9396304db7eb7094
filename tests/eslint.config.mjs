// What `npx eslint@10 --config tests/eslint.config.mjs src` asks of the JavaScript in the package: of pages, and of the numbers in them.

import { readFileSync } from "node:fs";

const rules = Object.fromEntries(
  [
    "array-callback-return", "constructor-super", "for-direction", "getter-return",
    "no-class-assign", "no-compare-neg-zero", "no-cond-assign", "no-const-assign", "no-constant-condition",
    "no-constructor-return", "no-debugger", "no-dupe-args", "no-dupe-class-members", "no-dupe-else-if",
    "no-dupe-keys", "no-duplicate-case", "no-duplicate-imports", "no-else-return", "no-empty",
    "no-empty-pattern", "no-eval", "no-ex-assign", "no-extend-native", "no-fallthrough", "no-func-assign",
    "no-implied-eval", "no-import-assign", "no-inner-declarations", "no-invalid-regexp",
    "no-loss-of-precision", "no-new-func", "no-promise-executor-return", "no-script-url",
    "no-self-assign", "no-self-compare", "no-setter-return", "no-shadow", "no-sparse-arrays",
    "no-template-curly-in-string", "no-this-before-super", "no-throw-literal", "no-undef",
    "no-unmodified-loop-condition", "no-unreachable", "no-unreachable-loop", "no-unsafe-finally",
    "no-unsafe-negation", "no-unsafe-optional-chaining", "no-unused-private-class-members",
    "no-use-before-define", "no-useless-catch", "no-useless-escape", "no-useless-return", "no-var",
    "object-shorthand", "prefer-const", "require-atomic-updates", "use-isnan", "valid-typeof",
  ].map((name) => [name, "error"]),
);
rules["no-use-before-define"] = ["error", { functions: false, variables: false }];
rules["eqeqeq"] = ["error", "always"];

const numbers = "src/backprop/engine/writers/javascript/";
const helpers = ["helpers.js", "settled.js", "page_limits.js", "turning.js", "wide.js", "page_rows.js"].flatMap((file) =>
  [...readFileSync(new URL(`../${numbers}${file}`, import.meta.url), "utf8").matchAll(/^(?:function|const) (\w+)/gm)].map(
    ([, name]) => name,
  ),
);

const browser =
  "document window console navigator location history performance setTimeout clearTimeout setInterval" +
  " clearInterval requestAnimationFrame cancelAnimationFrame addEventListener matchMedia Blob URL" +
  " URLSearchParams HTMLElement Element Event CustomEvent KeyboardEvent IntersectionObserver" +
  " ResizeObserver MutationObserver getComputedStyle EventSource CSS";

const named = (names) => Object.fromEntries(names.map((name) => [name, "readonly"]));

export default [
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  {
    files: ["src/backprop/reports/page/**/*.js"],
    languageOptions: { ecmaVersion: 2022, sourceType: "module", globals: named(browser.split(" ")) },
    rules: { ...rules, "no-unused-vars": "error" },
  },
  {
    files: [`${numbers}*.js`], // a page takes of them what it needs, so that they call each other
    languageOptions: { ecmaVersion: 2022, sourceType: "script", globals: named([...helpers, "page"]) },
    rules: { ...rules, "no-unused-vars": ["error", { vars: "local", args: "none" }] },
  },
];
