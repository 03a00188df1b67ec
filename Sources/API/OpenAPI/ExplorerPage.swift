/// The page at `/api/swagger-ui`: every operation of `/api/openapi.json`, and a form to try it. One file without any
/// other, so that it works where there is no internet.
enum ExplorerPage {
    /// Nothing is loaded from elsewhere and nothing is sent there.
    static let policy =
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

    static let html = """
        <!doctype html>
        <html lang="en">
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Keptn API</title>
        <style>\(style)</style>
        <header>
          <h1>Keptn API <small id="version"></small></h1>
          <label>Token <input id="token" type="password" autocomplete="off" placeholder="kept in this tab only"></label>
          <label>Find <input id="find" type="search" placeholder="path or word"></label>
          <a href="openapi.json" id="document">openapi.json</a>
        </header>
        <main id="operations" aria-live="polite"><p>Loading the description…</p></main>
        <script>\(script)</script>
        </html>

        """

    private static let style = """

        :root { color-scheme: light dark; --line: #8884; --accent: #006bba; --soft: #8881;
          --get: #1a6fb0; --post: #2d7d32; --put: #9a6200; --delete: #b3261e }
        @media (prefers-color-scheme: dark) { :root { --accent: #6cb6ff; --get: #6cb6ff; --post: #7cc77f;
          --put: #e0b050; --delete: #ff8a80 } }
        * { box-sizing: border-box }
        body { margin: 0; font: 15px/1.5 system-ui, sans-serif }
        header { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; gap: .5rem 1.5rem;
          align-items: baseline; padding: .6rem max(1rem, calc(50vw - 34rem)); background: Canvas;
          border-bottom: 1px solid var(--line) }
        h1 { font-size: 1.2rem; margin: 0 auto 0 0 }
        small { font-weight: normal; opacity: .7 }
        main { max-width: 68rem; margin: 0 auto; padding: 0 1rem 4rem }
        h2 { margin: 1.6rem 0 .4rem; font-size: 1.1rem; text-transform: capitalize }
        details.operation { border: 1px solid var(--line); border-radius: 6px; margin: .35rem 0 }
        summary { display: flex; gap: .75rem; align-items: baseline; padding: .45rem .75rem; cursor: pointer }
        summary code { overflow-wrap: anywhere }
        summary span { margin-left: auto; text-align: right; opacity: .8 }
        .method { font: 700 .8rem/1 ui-monospace, monospace; min-width: 4.2rem }
        .get { color: var(--get) } .post { color: var(--post) }
        .put { color: var(--put) } .delete { color: var(--delete) }
        form { padding: .25rem .75rem .75rem; border-top: 1px solid var(--line) }
        .field { display: grid; grid-template-columns: 12rem 1fr; gap: .75rem; margin: .3rem 0; align-items: baseline }
        input, textarea, button { font: inherit; padding: .25rem .5rem; border: 1px solid var(--line);
          border-radius: 4px; background: Field; color: FieldText; width: 100% }
        header input { width: 13rem }
        textarea, pre, code { font-family: ui-monospace, monospace; font-size: .85rem }
        textarea { min-height: 9rem }
        button { width: auto; padding: .3rem 1.2rem; background: var(--accent); color: Canvas; border: 0;
          cursor: pointer }
        :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
        pre { background: var(--soft); padding: .6rem; border-radius: 4px; max-height: 26rem; overflow: auto;
          white-space: pre-wrap; overflow-wrap: anywhere; margin: .5rem 0 0 }
        table { border-collapse: collapse; margin: .5rem 0; width: 100% }
        td { border-top: 1px solid var(--line); padding: .2rem .5rem; vertical-align: top }
        td:first-child { width: 4rem }
        @media (max-width: 40rem) { .field { grid-template-columns: 1fr } summary span { display: none } }

        """

    private static let script = #"""

        'use strict';
        const make = (name, attributes = {}, ...children) => {
          const element = document.createElement(name);
          for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
          element.append(...children);
          return element;
        };
        const base = location.pathname.replace(/\/swagger-ui\/?.*$/, '');
        const token = document.getElementById('token');
        token.value = sessionStorage.getItem('keptn-token') ?? '';
        token.addEventListener('input', () => sessionStorage.setItem('keptn-token', token.value));

        // An example of a schema: a value for each member.
        const example = (schema, all, depth = 0) => {
          if (schema.$ref) return example(all[schema.$ref.split('/').pop()], all, depth);
          if (schema.anyOf) return example(schema.anyOf[0], all, depth);
          if (schema.enum) return schema.enum[0];
          if (schema.type === 'array') return depth > 4 ? [] : [example(schema.items, all, depth + 1)];
          if (schema.properties) {
            return Object.fromEntries(Object.entries(schema.properties)
              .map(([name, member]) => [name, example(member, all, depth + 1)]));
          }
          return { string: '', integer: 0, number: 0, boolean: false }[schema.type] ?? {};
        };

        // The name of a schema, short enough for a table.
        const named = schema => {
          if (!schema) return '';
          if (schema.$ref) return schema.$ref.split('/').pop();
          if (schema.type === 'array') return '[' + named(schema.items) + ']';
          return schema.properties ? '{' + Object.keys(schema.properties).join(', ') + '}' : schema.type ?? '';
        };

        const send = async (path, method, operation, form, output) => {
          const values = new FormData(form);
          const query = new URLSearchParams();
          let address = path;
          for (const parameter of operation.parameters ?? []) {
            const value = values.get(parameter.in + ' ' + parameter.name) ?? '';
            if (parameter.in === 'path') {
              address = address.replace('{' + parameter.name + '}', encodeURIComponent(value));
            } else if (value) query.set(parameter.name, value);
          }
          const url = base + address.replace(/^\/api/, '') + (query.size ? '?' + query : '');
          const request = { method: method.toUpperCase(), headers: {} };
          if (token.value) request.headers['x-token'] = token.value;
          const types = Object.keys(operation.requestBody?.content ?? {});
          if (types.length) {
            const file = values.get('file');
            request.body = file === null ? values.get('body') : file;
            if (types[0] === 'multipart/form-data') {
              request.body = new FormData();
              request.body.append('configPackage', file);
            } else request.headers['content-type'] = types[0];
          }
          output.textContent = request.method + ' ' + url + '\n…';
          const stop = new AbortController();
          const timer = setTimeout(() => stop.abort(), 30000);
          const start = performance.now();
          try {
            const answer = await fetch(url, { ...request, signal: stop.signal });
            const text = await answer.text();
            let shown = text;
            try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { }
            output.textContent = `${request.method} ${url}\n${answer.status} ${answer.statusText} `
              + `after ${Math.round(performance.now() - start)} ms\n\n${shown}`;
          } catch (error) {
            output.textContent = `${request.method} ${url}\nno answer: ${error.message}`;
          } finally { clearTimeout(timer); }
        };

        const form = (path, method, operation, all) => {
          const form = make('form');
          if (operation.description) form.append(make('p', {}, operation.description));
          for (const parameter of operation.parameters ?? []) {
            const input = make('input', { name: parameter.in + ' ' + parameter.name,
              placeholder: [named(parameter.schema), parameter.in].join(', ') });
            if (parameter.required) input.required = true;
            form.append(make('label', { class: 'field' },
              make('code', {}, parameter.name + (parameter.required ? ' *' : '')), input));
          }
          for (const [type, content] of Object.entries(operation.requestBody?.content ?? {})) {
            const input = type === 'application/json' ? make('textarea', { name: 'body', spellcheck: 'false' })
              : make('input', { name: 'file', type: 'file' });
            if (type === 'application/json') input.value = JSON.stringify(example(content.schema, all), null, 2);
            form.append(make('label', { class: 'field' },
              make('code', {}, 'body ' + (named(content.schema) || type)), input));
          }
          const rows = Object.entries(operation.responses).map(([status, answer]) => {
            const [type, content] = Object.entries(answer.content ?? {})[0] ?? ['', {}];
            return make('tr', {}, make('td', {}, status), make('td', {}, answer.description),
              make('td', {}, make('code', {}, named(content.schema) || type)));
          });
          const output = make('pre', { role: 'status', 'aria-live': 'polite' });
          output.hidden = true;
          form.append(make('button', {}, 'Send'), output, make('table', {}, make('tbody', {}, ...rows)));
          form.addEventListener('submit', event => {
            event.preventDefault();
            output.hidden = false;
            send(path, method, operation, form, output);
          });
          return form;
        };

        const show = description => {
          document.getElementById('version').textContent = description.info.version;
          const main = document.getElementById('operations');
          main.replaceChildren();
          for (const { name } of description.tags) {
            const section = make('section', {}, make('h2', {}, name));
            for (const [path, methods] of Object.entries(description.paths)) {
              for (const [method, operation] of Object.entries(methods)) {
                if (!operation.tags.includes(name)) continue;
                const details = make('details', { class: 'operation', 'data-text':
                  `${method} ${path} ${operation.summary}`.toLowerCase() }, make('summary', {},
                  make('b', { class: 'method ' + method }, method.toUpperCase()), make('code', {}, path),
                  make('span', {}, operation.summary)));
                details.addEventListener('toggle', () =>
                  details.append(form(path, method, operation, description.components.schemas)), { once: true });
                section.append(details);
              }
            }
            main.append(section);
          }
        };

        document.getElementById('find').addEventListener('input', event => {
          const words = event.target.value.toLowerCase().split(/\s+/);
          for (const details of document.querySelectorAll('details.operation')) {
            details.hidden = !words.every(word => details.dataset.text.includes(word));
          }
          for (const section of document.querySelectorAll('section')) {
            section.hidden = !section.querySelector('details:not([hidden])');
          }
        });
        document.getElementById('document').href = base + '/openapi.json';
        fetch(base + '/openapi.json').then(answer => answer.json()).then(show, error => {
          document.getElementById('operations').textContent = 'There is no description: ' + error.message;
        });

        """#
}
