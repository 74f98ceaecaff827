// Copyright (C) 2026 ngx_http_openai_monitor_module contributors

// nginx with the module, under a prefix of its own, for as long as a test
// runs.  What a test needs to know of it comes from its log: when the workers
// are there, their process ids, and whether something went wrong.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { Monitor, slow } from './monitor.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const name = 'ngx_http_openai_monitor_module';

export const root = path.resolve(here, '../../..');

const binary = process.env.TEST_NGINX_BINARY ?? 'nginx';

// empty when the module is linked into nginx

const module = process.env.OPENAI_MONITOR_MODULE
    ?? process.env.TEST_NGINX_LOAD_MODULES
    ?? path.join(root, 'build/module', name + '.so');

const wrong = /\[(alert|crit|emerg)\]|Sanitizer|runtime error:/;


function configuration(options, prefix) {
    const values = {
        workers: 2, zone: '32m', entries: 1000, connection: '', ...options,
        root, prefix,
        load_module: module === '' ? '' : `load_module ${module};`,
        user: process.getuid() === 0 ? 'user root;' : '',
    };

    const template = options.template
        ?? fs.readFileSync(path.join(here, 'nginx.conf'), 'utf8');

    return template.replace(/\$\{(\w+)\}/g, (all, key) => {
        if (values[key] === undefined) {
            throw new Error(`nginx.conf asks for ${key}`);
        }

        return values[key];
    });
}


export class Nginx {
    log = '';
    workers = [];

    // options: upstream_port, proxy_port, view_port; workers, zone, entries,
    // and what the upstream is told of its connection; "template" is a
    // configuration other than nginx.conf, "env" more of the environment

    static async start(options) {
        const nginx = new Nginx();

        nginx.prefix = fs.mkdtempSync(path.join(os.tmpdir(), 'openai-e2e-'));
        nginx.proxy = `http://127.0.0.1:${options.proxy_port}`;
        nginx.monitor = new Monitor(`http://127.0.0.1:${options.view_port}`);

        const conf = path.join(nginx.prefix, 'nginx.conf');
        fs.writeFileSync(conf, configuration(options, nginx.prefix));

        nginx.child = spawn(binary,
                            ['-p', nginx.prefix, '-c', conf, '-e', 'stderr'],
                            { stdio: ['ignore', 'ignore', 'pipe'],
                              env: { ...process.env, ...options.env } });

        nginx.exited = new Promise((done) => {
            nginx.child.once('error', (e) => { nginx.log += e; done(e); });
            nginx.child.once('close', done);
        });

        nginx.kill = () => nginx.child.kill('SIGTERM');
        process.once('exit', nginx.kill);

        await nginx.seen(options.workers ?? 2);

        return nginx;
    }

    // resolves when the log tells of that many workers

    seen(count) {
        return new Promise((done, failed) => {
            this.child.stderr.setEncoding('utf8');

            this.child.stderr.on('data', (text) => {
                this.log += text;

                this.workers = [...this.log.matchAll(
                    /start worker process (\d+)/g)].map((m) => Number(m[1]));

                if (this.workers.length >= count) {
                    done();
                }
            });

            this.exited.then(() => failed(
                new Error('nginx did not start:\n' + this.log)));
        });
    }

    // the lines that no good run has, but for those that the test caused

    complaints(expected = /^$/) {
        return this.log.split('\n').filter((line) => wrong.test(line)
                                                     && !expected.test(line));
    }

    // one JSON object for each exchange, as conf/log_openai.conf writes them

    exchanges() {
        const file = path.join(this.prefix, 'genai.log');

        return fs.readFileSync(file, 'utf8').split('\n').filter(Boolean)
            .map((line) => JSON.parse(line));
    }

    async stop() {
        if (this.child.exitCode !== null || this.child.signalCode !== null) {
            return;
        }

        process.off('exit', this.kill);
        this.child.kill('SIGQUIT');

        // a viewer's connection may hold a worker

        const timer = setTimeout(this.kill, 5000 * slow);
        await this.exited;
        clearTimeout(timer);

        fs.rmSync(this.prefix, { recursive: true, force: true });
    }
}
