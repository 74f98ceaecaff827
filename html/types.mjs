// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// Makes src/types.ts of the schemas of src/openapi.json.
//
//   node types.mjs            writes the file
//   node types.mjs --check    fails when the file differs from what it would be
//
// "x-type" in a schema is the name that the page uses, where the schema's own
// would hide a name of TypeScript.

import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const src = join(dirname(fileURLToPath(import.meta.url)), 'src');
const file = join(src, 'types.ts');

const { schemas } = JSON.parse(await readFile(join(src, 'openapi.json'), 'utf8')).components;

const primitives = { string: 'string', integer: 'number', number: 'number', boolean: 'boolean', null: 'null' };

const nameOf = (ref) => {
    const name = ref.split('/').pop();

    return schemas[name]['x-type'] ?? name;
};

const literal = (value) => (typeof value === 'string' ? `'${value}'` : String(value));

const key = (name) => (/^[A-Za-z_]\w*$/.test(name) ? name : `'${name}'`);

// The page makes null of what the server leaves out, where null is allowed.

const nullable = (schema) =>
    [schema.type].flat().includes('null') || (schema.oneOf ?? []).some((part) => part.type === 'null');

// "A | B" needs brackets in front of "[]"

const list = (item) => (/[ |{]/.test(item) && !/^[{\[]/.test(item) ? `(${item})[]` : `${item}[]`);

function object(schema, indent) {
    const more = schema.additionalProperties;
    const names = Object.keys(schema.properties ?? {});

    if (names.length === 0) {
        return `Record<string, ${more && more !== true ? type(more, indent) : 'unknown'}>`;
    }

    const inner = indent + '    ';
    const required = new Set(schema.required ?? []);
    const lines = names.map((name) => {
        const property = schema.properties[name];
        const optional = !required.has(name) && !nullable(property);
        const note = property.description ? `${inner}// ${property.description}\n` : '';

        return `${note}${inner}${key(name)}${optional ? '?' : ''}: ${type(property, inner)};\n`;
    });

    if (more === true) {
        lines.push(`${inner}[key: string]: unknown;\n`);
    }

    return `{\n${lines.join('')}${indent}}`;
}

function one(kind, schema, indent) {
    if (kind === 'object') {
        return object(schema, indent);
    }

    if (kind !== 'array') {
        return primitives[kind];
    }

    return schema.prefixItems
        ? `[${schema.prefixItems.map((item) => type(item, indent)).join(', ')}]`
        : list(type(schema.items ?? {}, indent));
}

function type(schema, indent) {
    if (schema.$ref) {
        return nameOf(schema.$ref);
    }

    if ('const' in schema) {
        return literal(schema.const);
    }

    if (schema.enum) {
        return schema.enum.map(literal).join(' | ');
    }

    if (schema.oneOf) {
        return schema.oneOf.map((part) => type(part, indent)).join(' | ');
    }

    return schema.type ? [schema.type].flat().map((kind) => one(kind, schema, indent)).join(' | ') : 'unknown';
}

function declaration(name, schema) {
    const note = schema.description ? `// ${schema.description}\n\n` : '';
    const as = schema['x-type'] ?? name;

    if (schema.allOf) {
        const [base, own] = schema.allOf;

        return `${note}export interface ${as} extends ${type(base, '')} ${object(own, '')}\n`;
    }

    return schema.properties
        ? `${note}export interface ${as} ${object(schema, '')}\n`
        : `${note}export type ${as} = ${type(schema, '')};\n`;
}

// The value of which nothing is known: null where that is allowed.

function unknown(schema, indent) {
    const target = schema.$ref ? schemas[schema.$ref.split('/').pop()] : schema;

    if (nullable(target)) {
        return 'null';
    }

    if (target.enum) {
        return literal(target.enum[0]);
    }

    if (target.type !== 'object') {
        return { string: "''", integer: '0', number: '0', boolean: 'false', array: '[]' }[target.type];
    }

    const inner = indent + '    ';
    const lines = (target.required ?? []).map(
        (name) => `${inner}${key(name)}: ${unknown(target.properties[name], inner)},\n`,
    );

    return `{\n${lines.join('')}${indent}}`;
}

const constant = (name) => `// A ${name} of which nothing is known.

export const unknown${name}: ${name} = ${unknown(schemas[name], '')};
`;

const text = `// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// Made of openapi.json by types.mjs: change that file, and run "npm run types".

${Object.entries(schemas).map(([name, schema]) => declaration(name, schema)).join('\n')}
${['Summary', 'Stats'].map(constant).join('\n')}`;

if (process.argv.includes('--check')) {
    if ((await readFile(file, 'utf8')) !== text) {
        console.error('html/src/types.ts is not what html/src/openapi.json says: run "npm run types" in html/');
        process.exit(1);
    }
} else {
    await writeFile(file, text);
}
