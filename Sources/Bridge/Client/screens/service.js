// One service: its deployments stage by stage, and its evaluations as a heat map, a chart, and one after the other.

import { get, may, part } from '../api.js'
import { h, unbase64 } from '../dom.js'
import { button, command, duration, empty, head, icon, link, number, pager, runState, select, state, table, time, version } from '../parts.js'
import { lineChart } from '../charts.js'
import { breakdown, isRelative, label, labelsOf, scoreOf, tellApart } from './breakdown.js'
import { triggerButton } from './trigger.js'

export function show(page) {
  const { project, service } = page.params
  page.title(service, project)
  const path = `v1/overview/project/${part(project)}`
  const sloFiles = new Map()
  page.load({
    isSized: true,
    concerns: (event) => event.project === project && (event.service === service || !event.service),
    ask: async (signal) => {
      const own = `${path}/service/${part(service)}`
      const [overview, found, deployments] = await Promise.all([
        get(path, {}, signal), get(`${path}/services`, { search: service, pageSize: 100, addresses: true }, signal),
        get(`${own}/deployments`, { nextPageKey: page.query.from, pageSize: 10 }, signal)])
      const row = found.services.find((one) => one.name === service)
      const stage = stageToShow(page, overview, row)
      const { evaluations, totalCount } = await get(`${own}/evaluations`, { stage, pageSize: 50 }, signal)
      tellApart(evaluations)
      const chosen = await chosenOf(page, evaluations, `${own}/evaluations`, stage, signal)
      if (chosen && !sloFiles.has(chosen.id)) sloFiles.set(chosen.id, may('events:read') ? await sloOf(project, chosen, signal) : '')
      return { overview, row, deployments, stage, evaluations, totalCount, chosen, slo: sloFiles.get(chosen?.id) }
    },
    show: (data) => {
      page.render(...screen(page, data))
      showChosen(page, data.chosen)
    },
  })
}

/// The stage of the address, or the last one in which something was evaluated.
const stageToShow = (page, overview, row) => page.params.stage ?? page.query.stage
  ?? overview.stages.map((one) => one.name).filter((name) => row?.stages.some((one) => one.stage === name && one.gate)).pop()
  ?? overview.stages.at(-1)?.name

async function chosenOf(page, evaluations, path, stage, signal) {
  const { evaluation } = page.query
  const { context } = page.params
  const known = evaluations.find((one) => (evaluation ? one.id === evaluation : one.context === context))
  if (known || !context) return known ?? evaluations[0]
  // An old one, behind the newest fifty.
  const old = await get(path, { stage, keptnContext: context }, signal)
  return old.evaluations[0] ?? evaluations[0]
}

/// The text of the SLO that an evaluation was judged by.
async function sloOf(project, evaluation, signal) {
  const { events } = await get('mongodb-datastore/event', { project, eventID: evaluation.id, pageSize: 1 }, signal)
  const content = events[0]?.data?.evaluation?.sloFileContent
  return content ? unbase64(content) ?? '' : ''
}

function screen(page, data) {
  const { project, service } = page.params
  const { overview, row, deployments, evaluations, chosen, slo } = data
  const files = `project/${part(project)}/settings/files?service=${part(service)}`
  return [
    head(service, [
      h('a', { href: `project/${part(project)}/sequence?service=${part(service)}` }, 'Sequences'),
      may('resources:read') && h('a', { href: files }, 'Files'),
      ...(row?.stages ?? []).filter((one) => one.image).map((one) => h('span', h('span.quiet', one.stage), ' ', version(one.image), addressOf(one) && [' ', link(addressOf(one), 'open')])),
    ], triggerButton(page, overview, { service })),
    !row && h('p.problem', icon('warning'), ` There is no service ${service} in this project (any more).`),
    problems(page, row),
    h('h2', 'Deployments'),
    deployments.deployments.length > 0
      ? [deploymentTable(page, overview, deployments.deployments), deployments.totalCount > deployments.deployments.length && pager(page, deployments, deployments.deployments.length)]
      : evaluations.length > 0 ? h('p.quiet', 'Nothing was deployed yet: a deployment is a run of a sequence with the task “deployment”.')
      : empty('Nothing was deployed yet', 'A deployment is a run of a sequence with the task “deployment”.',
        command(`keptn trigger delivery --project ${project} --service ${service} --image ARTIFACT`)),
    evaluationHead(page, data),
    evaluations.length === 0
      ? empty(`No evaluation in ${data.stage}`, 'A quality gate compares indicators with the objectives in slo.yaml. Evaluate what was measured just now:',
        command(`keptn trigger evaluation --project ${project} --stage ${data.stage} --service ${service} --timeframe 5m`))
      : [page.query.view === 'chart' ? chart(page, evaluations, chosen) : heatmap(page, evaluations, chosen),
        chosen && breakdown({ page, evaluation: chosen, evaluations, slo, choose })],
  ]
}

/// Where people reach what is deployed, as whoever deployed it said.
const addressOf = (place) => [place.addresses].flat().find((text) => typeof text === 'string' && /^https?:\/\//.test(text))

/// What is being repaired.
function problems(page, row) {
  const { project, service } = page.params
  const text = (value, none) => (typeof value === 'string' ? value : value ? JSON.stringify(value) : none)
  return (row?.stages ?? []).flatMap((one) => one.open ?? []).filter((one) => one.sequence === 'remediation').map((one) => h('p.card.waiting', { 'data-key': `problem-${one.context}` },
    state('problem', text(one.problem, 'problem')), h('span', `in ${one.stage}`, one.task && ` · ${one.task}`, one.action && ` ${text(one.action)}`), time(one.triggeredAt),
    h('a', { href: `project/${part(project)}/sequence/${part(one.context)}` }, 'Run'),
    may('resources:read') && h('a', { href: `project/${part(project)}/settings/files?stage=${part(one.stage)}&service=${part(service)}&file=remediation.yaml` }, 'remediation.yaml')))
}

/// The chosen column is in sight when the heat map appears or another one is chosen.
function showChosen(page, chosen) {
  const map = page.root.querySelector('.heatmap')
  if (!map || map.dataset.shown === chosen?.id) return
  map.dataset.shown = chosen?.id
  const column = map.querySelector('[aria-pressed="true"]')?.parentElement
  if (column) map.scrollLeft = column.offsetLeft - map.clientWidth + 60
}

// MARK: - Deployments

function deploymentTable(page, overview, deployments) {
  const { project, service, context } = page.params
  const run = (one) => `project/${part(project)}/sequence/${part(one.context)}`
  return table([
    ['Version', (one) => version(one.image)],
    ['Run', (one) => h('a', { href: run(one) }, runState(one, one.name))],
    ...overview.stages.map((stage) => [stage.name, (one) => {
      const parts = one.stages.filter((each) => each.stage === stage.name)
      if (parts.length === 0) return h('span.quiet', '–')
      const isShown = one.context === context && stage.name === page.params.stage
      return h('a', { href: `project/${part(project)}/service/${part(service)}/context/${part(one.context)}/stage/${part(stage.name)}`, 'aria-current': isShown ? 'true' : null },
        parts.map((each) => h('div', runState(each, each.task ? `${each.name} · ${each.task}` : parts.length > 1 ? each.name : undefined))))
    }]),
    ['Began', (one) => time(one.triggeredAt), 'nowrap'],
    ['Took', (one) => (one.finishedAt ? duration(new Date(one.finishedAt) - new Date(one.triggeredAt)) : '–'), 'number nowrap'],
  ], deployments, { key: (one) => one.context, caption: 'Deployments', className: 'deployments' })
}

// MARK: - Evaluations

/// Another evaluation becomes the one that is shown below.
function choose(page, evaluation, more = {}) {
  const { project, service } = page.params
  const { view, sli, from, sort } = page.query
  const query = new URLSearchParams(Object.entries({ view, sli, from, sort, ...more, evaluation: evaluation.id }).filter(([, value]) => value))
  page.navigate(`project/${part(project)}/service/${part(service)}/context/${part(evaluation.context)}/stage/${part(evaluation.stage)}?${query}`, { replace: true })
}

function evaluationHead(page, { overview, stage, evaluations, totalCount }) {
  const { project, service } = page.params
  const view = page.query.view ?? 'map'
  const stages = overview.stages.map((one) => one.name)
  const to = (name) => button(name === 'map' ? 'Heat map' : 'Chart', () => page.setQuery({ view: name === 'map' ? null : name, from: page.query.from ?? null }), { kind: 'small' })
  const views = ['map', 'chart'].map((name) => { const one = to(name); one.setAttribute('aria-pressed', name === view); return one })
  return h('div.toolbar.section', { id: 'evaluations' }, h('h2', 'Evaluations'),
    totalCount > evaluations.length && h('span.quiet', `the newest ${evaluations.length} of ${number(totalCount)}`), h('span.grow'),
    select(stages, stage, (name) => page.navigate(`project/${part(project)}/service/${part(service)}?stage=${part(name)}${view === 'chart' ? '&view=chart' : ''}`, { replace: true }), { 'aria-label': 'Stage of the evaluations' }),
    evaluations.length > 0 && h('div.views', { role: 'group', 'aria-label': 'How they are shown' }, views),
    evaluations.length > 0 && view === 'chart' && select([['', 'Score'], ...indicatorsOf(evaluations).map(({ metric, name }) => [metric, name])], page.query.sli, (sli) => page.setQuery({ sli, from: page.query.from ?? null }), { 'aria-label': 'What is drawn' }))
}

/// Every indicator of any of the evaluations, those of the newest one first and in its order.
export function indicatorsOf(evaluations) {
  const all = new Map()
  for (const { indicators } of evaluations) {
    for (const one of indicators) if (one.metric && !all.has(one.metric)) all.set(one.metric, { metric: one.metric, name: one.name || one.metric })
  }
  return [...all.values()]
}

function heatmap(page, evaluations, chosen) {
  const columns = [...evaluations].reverse()
  const name = labelsOf(evaluations)
  const compared = new Set(chosen?.comparedEvents ?? [])
  // Where there is room, cells tell their values and the heads lie; else what is found by colour and sign alone stands close.
  const isRoomy = columns.length * 92 + 320 <= page.root.clientWidth - 48
  const cell = (evaluation, kind, text, title) => h('td', {
    class: [`heat heat-${kind}`, evaluation.id === chosen?.id && 'chosen', compared.has(evaluation.id) && 'compared', evaluation.invalidated && 'invalidated'].filter(Boolean).join(' '),
  }, h('button', { type: 'button', tabindex: -1, 'aria-hidden': 'true', title, onclick: () => choose(page, evaluation) }, text))
  return h(`div.scroll.heatmap${isRoomy ? '.roomy' : ''}`, { tabindex: 0, role: 'region', 'aria-label': 'Heat map of evaluations' },
    h('table', h('caption.unseen', 'Evaluations, oldest first, by indicators'),
      h('thead', h('tr', h('th', { scope: 'col' }, h('span.unseen', 'Indicator')), columns.map((one) => h('th', { scope: 'col', 'data-key': one.id },
        h('button', { type: 'button', onclick: () => choose(page, one), 'aria-pressed': String(one.id === chosen?.id), title: `${label(one)}: ${one.result}` }, name(one)))))),
      h('tbody',
        h('tr.score', { 'data-key': 'score' }, h('th', { scope: 'row' }, h('span', 'Score')), columns.map((one) => cell(one, one.result ?? 'none', scoreOf(one), `Score ${scoreOf(one)}, ${one.result}`))),
        indicatorsOf(evaluations).map(({ metric, name: indicator }) => h('tr', { 'data-key': metric }, h('th', { scope: 'row', title: metric }, h('span', indicator)), columns.map((one) => {
          const value = one.indicators.find((each) => each.metric === metric)
          if (!value) return cell(one, 'none', '', 'not measured')
          const text = value.success === false ? 'no value' : number(value.value)
          return cell(one, value.success === false ? 'fail' : value.status ?? 'none', isRoomy ? [value.success === false ? '' : short(value.value), h('i', mark(value))] : mark(value), `${indicator}: ${text}, ${value.status}`)
        }))))),
    h('p.legends', ['pass', 'warning', 'fail', 'info'].map((name) => h('span.legend', h(`i.heat-${name}`, glyphs[name]), { pass: 'passed', warning: 'warning', fail: 'failed', info: 'only informs' }[name])),
      compared.size > 0 && h('span.legend', h('i.compared'), 'compared with'),
      evaluations.some((one) => one.invalidated) && h('span.legend', h('i.invalidated'), 'ignored for comparison')))
}

const short = (value) => number(Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3)))
const glyphs = { pass: '', warning: '!', fail: '×', info: '·' }
const mark = (value) => (value.success === false ? '?' : glyphs[value.status] ?? '')

function chart(page, evaluations, chosen) {
  const columns = [...evaluations].reverse()
  const name = labelsOf(evaluations)
  const metric = page.query.sli
  const of = (one) => one.indicators.find((each) => each.metric === metric)
  const width = Math.max(300, page.root.clientWidth - 48 - 26)
  const points = columns.map((one) => {
    const indicator = metric ? of(one) : null
    const value = metric ? (indicator && indicator.success !== false ? indicator.value ?? null : null) : one.score ?? null
    const kind = metric ? indicator?.status : one.result
    return { value, kind, label: name(one), isChosen: one.id === chosen?.id, title: `${label(one)}: ${value === null ? 'no value' : number(value)}, ${kind}`, onclick: () => choose(page, one) }
  })
  return h('div.card.padded', lineChart({ points, limits: metric ? limitsOf(columns, of) : [], label: metric ? indicatorsOf(evaluations).find((one) => one.metric === metric)?.name ?? metric : 'Score', width }))
}

/// Each criterion as a line through what it came to at each evaluation.
function limitsOf(evaluations, of) {
  const limits = new Map()
  const indicators = evaluations.map(of)
  indicators.forEach((indicator, index) => {
    for (const [kind, targets] of [['pass', indicator?.passTargets], ['warning', indicator?.warningTargets]]) {
      for (const { criteria, targetValue } of targets ?? []) {
        const key = `${kind} ${criteria}`
        if (!limits.has(key)) limits.set(key, { name: `${kind} ${criteria}`, kind, values: indicators.map(() => null) })
        // Without anything to compare with, what a relative criterion came to means nothing.
        const hasBase = !isRelative(criteria) || evaluations[index].comparedEvents?.length > 0
        limits.get(key).values[index] = hasBase ? targetValue ?? null : null
      }
    }
  })
  return [...limits.values()]
}
