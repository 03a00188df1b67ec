// Secrets: their names and keys. Values go in here and never come out.

import { get, may, post, put, remove, session } from '../api.js'
import { h, patch } from '../dom.js'
import { button, command, confirm, dialog, empty, field, head, notify, plural, select, table } from '../parts.js'

export function show(page) {
  page.title('Secrets')
  if (session.projects || !may('secrets:read')) {
    return page.render(head('Secrets'), empty('Secrets belong to the whole server', 'A token that is limited to projects, or without the scope “secrets:read”, does not see them.'))
  }
  page.load({
    concerns: () => false,
    ask: async (signal) => {
      const [{ Secrets }, { scopes }] = await Promise.all([get('secrets/v1/secret', {}, signal), get('secrets/v1/scope', {}, signal)])
      return { secrets: Secrets, scopes }
    },
    show: ({ secrets, scopes }) => page.render(
      head('Secrets', [secrets.length > 0 && plural(secrets.length, 'secret'), h('span', 'for all projects of this server')],
        may('secrets:write') && button('Add a secret', () => edit(page, scopes), { kind: 'primary', iconName: 'plus' })),
      secrets.length === 0
        ? empty('No secrets yet', 'Webhooks and indicator providers find their tokens here. Whoever may write files can have webhooks send them, nobody can read them.',
          command('keptn create secret chat --scope keptn-webhook-service --from-literal token=VALUE'))
        : table([
          ['Name', (one) => h('b', one.name)],
          ['For', (one) => one.scope],
          ['Keys', (one) => h('div.places', (one.keys ?? []).map((key) => h('code', key)))],
          ['', (one) => h('div.toolbar.end',
            may('secrets:write') && button('Set anew', () => edit(page, scopes, one), { kind: 'small' }),
            may('secrets:delete') && button('Delete', () => confirm(`Delete ${one.name}?`, 'What needs it fails from then on.', 'Delete', async () => {
              await remove('secrets/v1/secret', { name: one.name, scope: one.scope })
              notify(`${one.name} is deleted`)
              page.reload()
            }), { kind: 'small danger' }))],
        ], secrets, { key: (one) => `${one.scope}/${one.name}`, caption: 'Secrets' })),
  })
  if (page.params.action === 'add' && may('secrets:write')) get('secrets/v1/scope', {}, page.signal).then(({ scopes }) => edit(page, scopes)).catch(() => {})
}

function edit(page, scopes, known) {
  const name = h('input', { required: true, maxlength: 253, autocomplete: 'off', spellcheck: 'false', value: known?.name ?? '', readonly: known !== undefined })
  const scope = select(scopes, known?.scope ?? scopes[0], null, { disabled: known !== undefined })
  const rows = (known?.keys ?? ['']).map((key) => ({ key, value: '' }))
  const list = h('div.fields')
  const draw = () => patch(list, rows.map((row, index) => h('div.pair', { 'data-key': String(index) },
    h('input', { 'aria-label': `Key ${index + 1}`, placeholder: 'key', required: true, value: row.key, spellcheck: 'false', autocomplete: 'off', oninput: (event) => { row.key = event.target.value } }),
    h('input', { 'aria-label': `Value ${index + 1}`, placeholder: 'value', type: 'password', required: true, value: row.value, autocomplete: 'new-password', oninput: (event) => { row.value = event.target.value } }),
    button('Take away', () => { rows.splice(index, 1); draw() }, { kind: 'plain', iconName: 'close', text: '', disabled: rows.length === 1 }))),
  h('div', { 'data-key': 'more' }, button('One more', () => { rows.push({ key: '', value: '' }); draw() }, { kind: 'small', iconName: 'plus' })))
  draw()
  dialog({
    title: known ? `Set ${known.name} anew` : 'Add a secret', action: known ? 'Set' : 'Add',
    body: [known && h('p.quiet', 'All its keys are set together: what is not here is gone afterwards.'),
      field('Name', name), field('For', scope, 'keptn-webhook-service is for webhooks, keptn-default for everything else.'), list],
    submit: async () => {
      const twice = rows.find((row, index) => rows.findIndex((other) => other.key === row.key) !== index)
      if (twice) throw new Error(`The key “${twice.key}” is there twice.`)
      const secret = { name: name.value.trim(), scope: scope.value, data: Object.fromEntries(rows.map((row) => [row.key, row.value])) }
      await (known ? put('secrets/v1/secret', secret) : post('secrets/v1/secret', secret))
      notify(`${secret.name} is kept`)
      page.reload()
    },
  })
}
