// A subscription of an integration: which events it hears, tried out on those that came before; for webhook-service also
// what is then called.

import { get, may, part, post, put } from '../api.js'
import { base64, h, patch, unbase64 } from '../dom.js'
import { attempt, button, failure, field, head, notify, plural, select, state, time } from '../parts.js'
import { root } from './files.js'
import { short, words } from './integrations.js'

const kinds = ['triggered', 'started', 'finished', '*']
const webhookFile = 'webhook/webhook.yaml'

export async function show(page) {
  const { project, integration, subscription } = page.params
  page.title('Subscription')
  const [[one], overview] = await Promise.all([
    get('controlPlane/v1/uniform/registration', { id: integration }, page.signal), get(`v1/overview/project/${part(project)}`, {}, page.signal)])
  if (!one) return page.render(failure({ status: 404, message: `No integration has the id ${integration}.` }))
  const known = one.subscriptions?.find((each) => each.id === subscription)
  if (subscription !== 'add' && !known) return page.render(failure({ status: 404, message: `${one.name} has no subscription ${subscription}.` }))
  page.title(one.name, 'Subscription')
  const form = new Form(page, one, overview, known)
  const webhook = known && one.name === 'webhook-service' && may('resources:read') ? new Webhook(page, known, overview) : null
  await webhook?.find()
  page.render(head(known ? 'Subscription' : 'New subscription', h('a', { href: `project/${part(project)}/settings/uniform/integrations/${part(one.id)}` }, one.name)), form.element,
    one.name === 'webhook-service' && (known ? webhook?.element : h('p.quiet', 'What is called stands in a webhook/webhook.yaml; after saving it can be written here.')))
}

/// What is heard, and which of the events that came lately would have been.
class Form {
  constructor(page, integration, overview, known) {
    const { project } = page.params
    Object.assign(this, { page, integration, overview, known })
    const [, task, kind] = /^sh\.keptn\.event\.(.+)\.(triggered|started|finished|\*)$/.exec(known?.event ?? '') ?? []
    const tasks = [...new Set(overview.stages.flatMap((stage) => [...stage.sequences.flatMap((one) => one.tasks), ...stage.sequences.map((one) => `${stage.name}.${one.name}`)]))].sort()
    this.other = known && !task ? known.event : null
    this.task = h('input', { required: true, value: task ?? this.other ?? '', list: 'tasks', spellcheck: 'false', autocomplete: 'off', oninput: () => this.tryOut() })
    this.kind = select(kinds, kind ?? (this.other ? '' : 'triggered'), () => this.tryOut())
    const filters = known?.filter ?? { projects: [project], stages: [], services: [] }
    this.isForAll = h('input', { type: 'checkbox', checked: filters.projects.length === 0, disabled: integration.name === 'webhook-service', onchange: () => this.tryOut() })
    this.stages = overview.stages.map(({ name }) => [name, h('input', { type: 'checkbox', checked: filters.stages.includes(name), onchange: () => this.tryOut() })])
    this.services = h('input', { value: filters.services.join(', '), placeholder: 'all', spellcheck: 'false', autocomplete: 'off', oninput: () => this.tryOut() })
    this.heard = h('section.heard', { 'aria-live': 'polite' })
    this.problem = h('p.problem.lines', { role: 'alert', hidden: true })
    this.element = h('form.card.padded.narrow', { onsubmit: (event) => { event.preventDefault(); this.save() } },
      h('div.trigger', field('Task or stage.sequence', this.task, 'Such as deployment, or production.delivery.'), !this.other && field('What of it', this.kind)),
      h('datalist', { id: 'tasks' }, tasks.map((value) => h('option', { value }))),
      h('label.check', this.isForAll, h('span', 'For all projects, not only ', h('b', project))),
      h('fieldset.boxes', h('legend', 'Stages'), this.stages.map(([name, box]) => h('label.check', box, name)), h('span.hint', 'None chosen: all.')),
      field('Services', this.services, 'Names with commas between them.'),
      this.heard, this.problem,
      h('div', h('button.button.primary', { type: 'submit' }, 'Save')))
    this.tryOut()
  }

  get event() { return this.other ? this.task.value.trim() : `sh.keptn.event.${this.task.value.trim()}.${this.kind.value}` }
  get filter() {
    return {
      projects: this.isForAll.checked ? [] : [...new Set([...(this.known?.filter.projects ?? []), this.page.params.project])],
      stages: this.stages.filter(([, box]) => box.checked).map(([name]) => name), services: words(this.services.value),
    }
  }

  /// Looks what this subscription would have heard.
  tryOut() {
    clearTimeout(this.timer)
    this.timer = setTimeout(async () => {
      const { event, filter } = this
      if (!this.task.value.trim() || !may('events:read')) return patch(this.heard)
      try {
        const types = event.endsWith('.*') ? kinds.slice(0, 3).map((kind) => event.replace(/\*$/, kind)) : [event]
        const pages = await Promise.all(types.map((type) => get('mongodb-datastore/event', { type, project: this.page.params.project, pageSize: 50 }, this.page.signal)))
        const fits = (data) => (filter.stages.length === 0 || filter.stages.includes(data.stage)) && (filter.services.length === 0 || filter.services.includes(data.service))
        const came = pages.flatMap((one) => one.events)
        const heard = came.filter((one) => fits(one.data ?? {})).sort((a, b) => (a.time < b.time ? 1 : -1))
        this.sample = heard[0]
        patch(this.heard, h('h2', 'Tried out'), came.length === 0 ? h('p.quiet', `No ${short(event)} has come in this project yet.`)
          : h('p', heard.length === 0 ? `None of the newest ${plural(came.length, 'event')} of this kind would be heard.` : [`Of the newest ${plural(came.length, 'event')} of this kind in this project ${heard.length === came.length ? 'all' : heard.length} would be heard, the last one `, time(heard[0].time), ` from ${heard[0].data?.service} in ${heard[0].data?.stage}.`]),
        this.sample && h('details', h('summary', 'The last one'), h('pre.payload', { tabindex: 0, 'aria-label': 'The event as JSON' }, JSON.stringify(this.sample, null, 2))))
      } catch (error) {
        if (error.name !== 'AbortError') patch(this.heard, h('p.problem', error.message))
      }
    }, 200)
  }

  async save() {
    const { integration, known, page } = this
    this.problem.hidden = true
    const path = `controlPlane/v1/uniform/registration/${part(integration.id)}/subscription`
    try {
      const body = { event: this.event, filter: this.filter }
      const { id } = await (known ? put(`${path}/${part(known.id)}`, body) : post(path, body))
      notify('Saved')
      const base = `project/${part(page.params.project)}/settings/uniform/integrations/${part(integration.id)}`
      page.navigate(integration.name === 'webhook-service' && !known ? `${base}/subscriptions/${part(id)}/edit` : base)
    } catch (error) {
      this.problem.textContent = [error.message, error.remedy].filter(Boolean).join(' ')
      this.problem.hidden = false
    }
  }
}

// MARK: - The webhook

/// What is called: the webhook.yaml of the project, a stage or a service, with what it would send for the newest event.
class Webhook {
  constructor(page, known, overview) {
    Object.assign(this, { page, known, overview })
    this.element = h('section.card.padded.narrow.webhook')
  }

  get project() { return this.page.params.project }
  path(place) { return `${root(this.project, place)}/resource/${part(webhookFile)}` }

  /// Where a webhook of this subscription can stand, the narrowest first, as they are looked through when an event comes.
  candidates() {
    const { stages: chosen = [], services = [] } = this.known.filter ?? {}
    const stages = chosen.length > 0 ? chosen : this.overview.stages.map(({ name }) => name)
    return [
      ...stages.flatMap((stage) => services.map((service) => ({ stage, service }))),
      ...stages.map((stage) => ({ stage, service: '' })), { stage: '', service: '' }]
  }

  /// Looks for the file that has the webhook; where none has, it is to be written for what the subscription is about.
  async find() {
    const places = this.candidates()
    for (const place of places.slice(0, 24)) {
      const text = await this.read(place)
      if (text.includes(this.known.id)) return this.draw(place, text)
    }
    const { stages = [], services = [] } = this.known.filter ?? {}
    const isOfOne = stages.length === 1
    return this.load({ stage: isOfOne ? stages[0] : '', service: isOfOne && services.length === 1 ? services[0] : '' })
  }

  async load(place) { await this.draw(place, await this.read(place)) }

  async read(place) {
    try {
      return unbase64((await get(this.path(place), {}, this.page.signal)).resourceContent) ?? ''
    } catch (error) {
      if (error.status !== 404) throw error
      return ''
    }
  }

  async draw(place, saved) {
    const { page, known, project } = this
    const secrets = may('secrets:read') ? (await get('secrets/v1/secret', { scope: 'keptn-webhook-service' }, page.signal).catch(() => ({ Secrets: [] }))).Secrets : []
    const text = saved.includes(known.id) ? saved : withWebhook(saved, known)
    const area = h('textarea', { rows: Math.min(30, text.split('\n').length + 2), spellcheck: 'false', wrap: 'off', 'aria-label': webhookFile, readonly: !may('resources:write') })
    area.value = text
    const found = h('div', { 'aria-live': 'polite' })
    const insert = (what) => { area.setRangeText(what, area.selectionStart, area.selectionEnd, 'end'); area.focus() }
    this.element.replaceChildren(...flat(
      h('h2', 'What is called'),
      this.places(place),
      text !== saved && h('p.quiet', 'No webhook of this file has this subscription yet. This is a beginning: change the address, then save.'),
      h('div.toolbar',
        select([['', 'Insert from the event …'], ...values], '', (name) => { if (name) insert(`{{${name}}}`) }, { 'aria-label': 'Insert a value of the event' }),
        secrets.length > 0 ? select([['', 'Insert a secret …'], ...secrets.flatMap((one) => one.keys.map((key) => [`${one.name}\n${key}`, `${one.name}.${key}`]))], '', (value) => {
          if (!value) return
          const [name, key] = value.split('\n')
          insert(`{name: ${key}, secretRef: {name: ${name}, key: ${key}}}`)
        }, { 'aria-label': 'Insert a secret' }) : h('span.quiet', 'Secrets for webhooks: ', h('a', { href: `project/${part(project)}/settings/uniform/secrets` }, 'none yet'))),
      area,
      h('p.hint', 'A secret goes into envFrom as ', h('code', '{name: token, secretRef: {name: chat, key: token}}'), ' and is then used as ', h('code', '{{.env.token}}'), '.'),
      found,
      h('div.toolbar',
        button('Dry run', () => dryRun(page, known, area.value, found), { title: 'Shows what would be sent for the newest event of this kind; sends nothing' }),
        may('resources:write') && button('Save webhook.yaml', async () => {
          try {
            const { commitID } = await put(this.path(place), { resourceContent: base64(area.value) })
            patch(found, state('pass', `saved as ${commitID.slice(0, 8)}`))
          } catch (error) { patch(found, h('p.problem.lines', error.message)) }
        }, { kind: 'primary' }))))
  }

  /// Whose file it is.
  places({ stage, service }) {
    const go = (place) => attempt(() => this.load(place))
    const names = [...new Set([...this.known.filter?.services ?? [], service].filter(Boolean))]
    return h('div.toolbar',
      select([['', 'Of the project'], ...this.overview.stages.map(({ name }) => [name, `Of stage ${name}`])], stage, (name) => go({ stage: name, service: '' }), { 'aria-label': 'Whose webhook.yaml' }),
      stage && h('input', { type: 'search', value: service, placeholder: 'of one service only', list: 'webhook-services', 'aria-label': 'Service whose webhook.yaml it is', spellcheck: 'false', autocomplete: 'off', onchange: (event) => go({ stage, service: event.target.value.trim() }) }),
      stage && h('datalist', { id: 'webhook-services' }, names.map((value) => h('option', { value }))),
      h('span.quiet', 'A service’s file comes before its stage’s, and that before the project’s.'))
  }
}

const flat = (...children) => children.filter(Boolean)
const values = ['.data.project', '.data.stage', '.data.service', '.shkeptncontext', '.type', '.data.result', '.data.message']

/// The file with a webhook for this subscription at its end.
function withWebhook(text, { id, event }) {
  const one = `    - type: ${event}
      subscriptionID: ${id}
      sendFinished: true
      envFrom: []
      requests:
        - url: https://tool.example.org/hook
          method: POST
          headers:
            - {key: Content-Type, value: application/json}
          payload: '{"text": "{{.data.service}} in {{.data.stage}}"}'
`
  if (text.trim() && /\n\s*webhooks:/.test(text)) return `${text.trimEnd()}\n${one}`
  return `apiVersion: webhookconfig.keptn.sh/v1beta1\nkind: WebhookConfig\nmetadata:\n  name: webhook-configuration\nspec:\n  webhooks:\n${one}`
}

async function dryRun(page, known, content, found) {
  const { project } = page.params
  try {
    const types = known.event.endsWith('.*') ? [known.event.replace(/\*$/, 'triggered')] : [known.event]
    const { events } = await get('mongodb-datastore/event', { type: types[0], project, pageSize: 1 }, page.signal)
    const event = events[0] ?? sample(known, project)
    const { requests, mistake } = await post('v1/webhooks/preview', { content, subscriptionID: known.id, event })
    patch(found, h('h3', events[0] ? ['For the newest such event, of ', time(event.time)] : 'For a made-up event'),
      requests.map((one) => h('pre.payload', { tabindex: 0, 'aria-label': 'A request' }, [`${one.method} ${one.url}`, ...one.headers.map((header) => `${header.name}: ${header.value}`), '', one.body ?? ''].join('\n'))),
      mistake && h('p.problem.lines', mistake))
  } catch (error) {
    if (error.name !== 'AbortError') patch(found, h('p.problem.lines', error.message))
  }
}

const sample = (known, project) => ({
  specversion: '1.0', id: 'sample', source: 'bridge', type: known.event.replace(/\*$/, 'triggered'), time: new Date().toISOString(),
  shkeptncontext: '00000000-0000-4000-8000-000000000000',
  data: { project, stage: known.filter?.stages?.[0] ?? 'STAGE', service: known.filter?.services?.[0] ?? 'SERVICE', result: 'pass', status: 'succeeded', message: '' },
})
