// The dialog that triggers a sequence: what to run, with what, and what that will do.

import { get, may, part, post, sendEvent } from '../api.js'
import { h, patch } from '../dom.js'
import { button, dialog, field, icon, notify, select } from '../parts.js'

/// The button that opens it, for who may; chosen: {stage, sequence, service, image}, as far as they are.
export const triggerButton = (page, project, chosen = {}, name = 'Trigger a sequence', look = { kind: 'primary', iconName: 'play' }) => may('events:write')
  && button(name, () => triggerDialog({ project, navigate: page.navigate, ...chosen }), look)

/// - project: as in the overview of a project, with its stages and sequences.
function triggerDialog({ project, stage, sequence: name, service, image, navigate }) {
  const stages = project.stages.filter((one) => one.sequences.length > 0)
  const state = {
    stage: stage ?? stages[0]?.name, sequence: name ?? null,
    service: service ?? '', image: image ?? '', labels: '', period: 'last', timeframe: '5m', from: '', to: '', values: '',
  }
  const element = h('div.body')
  const sequences = () => [...stages.find((one) => one.name === state.stage)?.sequences.map((one) => one.name) ?? []]
  const draw = () => {
    const names = sequences()
    if (!names.includes('evaluation')) names.push('evaluation')
    if (!names.includes(state.sequence)) state.sequence = names[0]
    patch(element, form(project, stages, names, state, draw), preview(project, state))
  }
  draw()
  suggestServices(project.name, element)
  dialog({
    title: `Trigger a sequence in ${project.name}`, action: 'Trigger', wide: true, body: element,
    submit: async () => {
      const context = await trigger(project, state)
      notify('Triggered')
      navigate(`project/${part(project.name)}/sequence/${part(context)}`)
    },
  })
}

/// The services whose names contain what is typed, as suggestions.
function suggestServices(project, element) {
  const ask = async (text) => {
    const { services } = await get(`v1/overview/project/${part(project)}/services`, { search: text, pageSize: 20 }).catch(() => ({ services: [] }))
    patch(element.querySelector('datalist'), services.map(({ name }) => h('option', { value: name })))
  }
  element.addEventListener('input', (event) => { if (event.target.id === 'trigger-service') ask(event.target.value) })
  ask('')
}

function form(project, stages, names, state, draw) {
  const text = (label, key, hint, members = {}) => field(label,
    h('input', { id: `trigger-${key}`, value: state[key], oninput: (event) => { state[key] = event.target.value }, ...members }), hint)
  return h('div.trigger',
    field('Stage', select(stages.map((one) => one.name), state.stage, (value) => { state.stage = value; draw() }, { id: 'trigger-stage' })),
    field('Sequence', select(names, state.sequence, (value) => { state.sequence = value; draw() }, { id: 'trigger-sequence' })),
    text('Service', 'service', null, { required: true, list: 'trigger-services', autocomplete: 'off' }), h('datalist', { id: 'trigger-services' }),
    isPlain(project, state)
      ? [field('Time that is evaluated', select([['last', 'up to now'], ['span', 'from … to …']], state.period, (value) => { state.period = value; draw() }, { id: 'trigger-period' })),
        state.period === 'span'
          ? [text('From', 'from', null, { type: 'datetime-local', required: true }), text('To', 'to', 'At least one minute later.', { type: 'datetime-local', required: true })]
          : text('The last', 'timeframe', 'Such as 5m, 1h30m; one minute at least.', { required: true })]
      : text('Artifact', 'image', 'The image or the name that an upload gave; empty keeps what is deployed.'),
    text('Labels', 'labels', 'Such as build=42, owner=me.'),
    state.sequence !== 'evaluation' && h('div.field.whole', h('label', { for: 'trigger-values' }, 'Further values'),
      h('textarea', { id: 'trigger-values', rows: 3, value: state.values, spellcheck: 'false', placeholder: '{"replicas": 2}', oninput: (event) => { state.values = event.target.value } }),
      h('p.hint', 'A JSON object; goes into configurationChange.values.')))
}

const sequence = (project, state) =>
  project.stages.find((one) => one.name === state.stage)?.sequences.find((one) => one.name === state.sequence)

/// An evaluation that no sequence of the shipyard stands for.
const isPlain = (project, state) => state.sequence === 'evaluation' && !sequence(project, state)

/// The sequence's tasks, and what follows it in other stages.
function preview(project, state) {
  const first = sequence(project, state)
  if (!first) return h('section.preview', h('h3', 'What happens'), h('p.quiet', 'One task: evaluation. Nothing follows.'))
  const rows = []
  const seen = new Set()
  const add = (stage, one, why) => {
    const key = `${stage}.${one.name}`
    if (seen.has(key)) return
    seen.add(key)
    rows.push({ stage, name: one.name, tasks: one.tasks, why })
    for (const next of project.stages) {
      for (const follower of next.sequences) {
        for (const trigger of follower.triggeredOn.filter((on) => on.event === `${stage}.${one.name}.finished`)) {
          const match = Object.entries(trigger.match).map(([key, value]) => `${key} is ${value}`).join(', ')
          add(next.name, follower, `after ${stage}.${one.name}, if ${match || 'it did not fail'}`)
        }
      }
    }
  }
  add(state.stage, first, 'at once')
  return h('section.preview', h('h3', 'What happens'), h('ol', rows.map((row) => h('li',
    h('div', h('b', row.stage), ' ', row.name, h('span.quiet', ` ${row.why}`)),
    h('div.chain', row.tasks.map((task, index) => [index > 0 && icon('next'), h('span', task)]))))))
}

/// `a=1, b=2` as an object. Throws an error that names what is no pair.
export function pairs(text) {
  return Object.fromEntries(text.split(',').map((pair) => pair.trim()).filter(Boolean).map((pair) => {
    const at = pair.indexOf('=')
    if (at < 1) throw new Error(`“${pair}” is no label: name=value is needed.`)
    return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()]
  }))
}

async function trigger(project, state) {
  const place = { project: project.name, stage: state.stage, service: state.service.trim() }
  const labels = pairs(state.labels)
  if (isPlain(project, state)) {
    const path = `controlPlane/v1/project/${part(project.name)}/stage/${part(place.stage)}/service/${part(place.service)}/evaluation`
    const time = state.period === 'span' ? { start: new Date(state.from).toISOString(), end: new Date(state.to).toISOString() } : { timeframe: state.timeframe.trim() }
    return (await post(path, { ...time, labels })).keptnContext
  }
  let values = {}
  if (state.values.trim()) {
    try { values = JSON.parse(state.values) } catch (error) { throw new Error(`The further values are no JSON: ${error.message}.`) }
    if (values === null || typeof values !== 'object' || Array.isArray(values)) throw new Error('The further values have to be a JSON object.')
  }
  if (state.image.trim()) values.image = state.image.trim()
  return sendEvent(`sh.keptn.event.${state.stage}.${state.sequence}.triggered`, {
    ...place, ...(Object.keys(labels).length > 0 ? { labels } : {}),
    ...(Object.keys(values).length > 0 ? { configurationChange: { values } } : {}),
  })
}
