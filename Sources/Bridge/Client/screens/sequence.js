// One run: its stages and tasks on one axis of time, who worked on them, what it waits for, and every event.

import { control, get, may, part, session } from '../api.js'
import { copy, h } from '../dom.js'
import { decide } from './approvals.js'
import { attempt, button, confirm, dialog, duration, exact, head, runState, state, time, version } from '../parts.js'

export function show(page) {
  const { project, context, event: shown } = page.params
  page.title('Sequence', project)
  const path = `v1/overview/project/${part(project)}/sequence/${part(context)}`
  const redraw = page.load({
    concerns: (event) => event.context === context || event.project === project && event.type.endsWith('.finished'),
    ask: async (signal) => {
      const canReadLogs = may('logs:read') && !session.projects
      const [run, logs] = await Promise.all([
        get(path, {}, signal),
        canReadLogs ? get('controlPlane/v1/log', { pageSize: 100 }, signal).then(({ logs }) => logs.filter((line) => line.shkeptncontext === context)) : [],
      ])
      return { run, logs }
    },
    show: ({ run, logs }) => {
      page.title(`${run.name} of ${run.service}`, project)
      page.render(...screen(page, run, logs))
    },
  })
  // What is open grows: once a second while it is, which is drawing and not asking.
  const clock = setInterval(() => { if (page.root.querySelector('.lane[data-open]')) grow(page.root) }, 1000)
  page.signal.addEventListener('abort', () => clearInterval(clock))
  if (shown) openPayload(project, context, shown)
  return redraw
}

function screen(page, run, logs) {
  const open = run.executions.filter((one) => !one.finishedAt && !['aborted', 'timedOut', 'finished'].includes(one.state))
  return [
    head(h('span', run.name, h('span.quiet', ' of '), run.service), [
      runState(run), version(run.image), h('span', 'began ', time(run.triggeredAt)),
      run.finishedAt && h('span', `took ${duration(new Date(run.finishedAt) - new Date(run.triggeredAt))}`),
    ], steering(page, run, open)),
    open.map((one) => waiting(page, run, one)),
    waterfall(page, run),
    messages(run),
    log(logs),
    events(page, run),
  ]
}

// MARK: - Steering

function steering(page, run, open) {
  if (open.length === 0 || !may('projects:write')) return null
  const isPaused = open.some((one) => one.state === 'paused')
  const steer = (word, done) => attempt(async () => { await control(run.project, run.context, word); page.reload() }, done)
  return [
    isPaused ? button('Resume', () => steer('resume', 'Resumed'), { iconName: 'play' }) : button('Pause', () => steer('pause', 'Paused'), { iconName: 'pause' }),
    button('Abort', () => confirm('Abort this run?', `Everything of ${run.name} that is open ends as aborted. A task that runs is told so, and what it has done stays done.`, 'Abort',
      async () => { await control(run.project, run.context, 'abort'); page.reload() }), { kind: 'danger', iconName: 'stop' }),
  ]
}

function waiting(page, run, execution) {
  const wait = execution.waitingFor
  if (!wait) return null
  const isApproval = wait.kind === 'approval'
  const task = execution.tasks.find((one) => one.phase === 'open')
  const approval = isApproval && task && {
    project: run.project, stage: execution.stage, service: run.service, context: run.context, sequence: execution.name,
    image: execution.image, labels: execution.labels, wait: { triggeredID: task.triggeredID, since: task.triggeredAt },
  }
  return h(`div.waiting.card`, { 'data-key': `wait-${execution.id}` },
    state(isApproval ? 'approval' : wait.kind === 'executorFinish' ? 'running' : wait.kind === 'resume' ? 'paused' : 'waiting', execution.stage),
    h('span', { title: wait.detail }, 'waits for ', wait.blockedBy ? h('a', { href: `project/${part(run.project)}/sequence/${part(wait.blockedBy)}` }, wait.detail) : wait.detail,
      wait.since && [' since ', time(wait.since)], wait.until && [', at the latest until ', h('time', { datetime: wait.until, title: exact(wait.until) }, exact(wait.until))]),
    approval && may('events:write') && button('Decide', () => decide(approval, page), { kind: 'primary small' }))
}

// MARK: - The waterfall

const now = () => Date.now()

function waterfall(page, run) {
  const start = new Date(run.triggeredAt).getTime()
  const end = run.finishedAt ? new Date(run.finishedAt).getTime() : Math.max(now(), ...run.events.map((one) => new Date(one.time).getTime() || 0))
  const span = Math.max(end - start, 1)
  const share = (from, to) => ({ from: `${((from - start) / span) * 100}%`, size: `${Math.max(((to - from) / span) * 100, 0)}%` })
  const lane = (key, indent, name, word, from, to, kind, waited = 0) => h('div.lane', { 'data-key': key, class: `${indent} ${page.params.stage === key.split('/')[0] ? 'chosen' : ''}`, 'data-open': !to && from ? '' : null },
    h('div.name', word, name),
    h('div.track', from && h(`div.span.kind-${kind}`, { vars: { ...share(from, to ?? end), idle: `${Math.min(100, (waited / Math.max((to ?? end) - from, 1)) * 100)}%` }, 'data-start': from,
        title: `${exact(new Date(from).toISOString())}, ${duration((to ?? end) - from)}${waited > 0 ? `, of which it waited ${duration(waited)} for whoever does it` : ''}`,
      })),
    h('div.took.number', from ? duration((to ?? end) - from) : ''))
  return h('section.card.waterfall', { 'aria-label': 'Timeline', tabindex: 0, 'data-from': start },
    h('div.lane.axis', h('div.name', h('span.quiet', 'stage and task')), h('div.track', [0, 0.25, 0.5, 0.75, 1].map((at) => h('span', { vars: { from: `${at * 100}%` } }, at === 0 ? '0' : duration(span * at)))), h('div.took.number.quiet', 'took')),
    run.executions.map((one) => {
      const from = new Date(one.triggeredAt).getTime()
      const to = one.finishedAt && new Date(one.finishedAt).getTime()
      return h('div.stagelane', { 'data-key': one.id, id: `stage-${one.stage}` },
        lane(one.stage, 'of-stage', h('span', h('b', one.stage), ' ', h('span.quiet', one.name)), runState(one, ''), from, to, kindOf(one)),
        one.tasks.map((task, index) => taskLane(run, one, task, index, lane)))
    }))
}

const kindOf = (one) => (one.state === 'finished' ? one.result ?? 'none' : ['aborted', 'timedOut', 'paused'].includes(one.state) ? one.state : one.state === 'waitingForApproval' ? 'approval' : one.state === 'waiting' ? 'waiting' : 'running')

function taskLane(run, execution, task, index, lane) {
  const key = `${execution.stage}/${execution.id}/${index}`
  if (task.phase === 'planned') return lane(key, 'of-task planned', h('span.quiet', task.name), state('none', ''))
  if (task.phase === 'delayed') return lane(key, 'of-task', h('span', task.name, h('span.quiet', ' begins '), time(task.until)), state('waiting', ''))
  if (task.phase === 'held') return lane(key, 'of-task', task.name, state('paused', ''))
  const from = new Date(task.triggeredAt).getTime()
  const to = task.finishedAt ? new Date(task.finishedAt).getTime() : task.phase === 'given up' && execution.finishedAt ? new Date(execution.finishedAt).getTime() : undefined
  const starts = (task.executors ?? []).map((one) => new Date(one.startedAt).getTime()).filter(Boolean)
  const word = task.phase === 'finished' ? task.result : task.phase === 'given up' ? 'aborted' : task.name === 'approval' ? 'approval' : starts.length > 0 ? 'running' : 'queued'
  const who = [...new Set((task.executors ?? []).map((one) => one.source.split('/').pop()))].join(', ')
  // What an evaluation has found has a screen of its own.
  const name = task.name === 'evaluation' && task.phase === 'finished'
    ? h('a', { href: `project/${part(run.project)}/service/${part(run.service)}/context/${part(run.context)}/stage/${part(execution.stage)}` }, task.name) : task.name
  return lane(key, 'of-task', h('span', name, h('span.quiet', ` ${who}`)), state(word === 'queued' ? 'triggered' : word, ''), from, to, word === 'queued' ? 'waiting' : word,
    // Until somebody has started it, a task waits.
    starts.length > 0 ? Math.max(0, Math.min(...starts) - from) : 0)
}

/// Moves the ends of what is open to now, without asking anything.
function grow(root) {
  for (const lane of root.querySelectorAll('.lane[data-open]')) {
    const bar = lane.querySelector('.span[data-start]')
    if (bar) lane.querySelector('.took').textContent = duration(now() - Number(bar.dataset.start))
  }
}

// MARK: - Messages, lines, events

function messages(run) {
  const said = run.executions.flatMap((one) => one.tasks.filter((task) => task.message && task.result !== 'pass').map((task) => ({ stage: one.stage, task })))
  const ends = run.executions.filter((one) => one.message && one.result === 'fail' && !one.tasks.some((task) => task.message === one.message))
  if (said.length + ends.length === 0) return null
  return h('section.messages', h('h2', 'What was said'),
    said.map(({ stage, task }) => h('div.card', state(task.result ?? 'none', `${stage} · ${task.name}`), h('p', task.message))),
    ends.map((one) => h('div.card', state(one.result, `${one.stage} · ${one.name}`), h('p', one.message))))
}

const log = (lines) => lines.length > 0 && h('section', h('h2', 'Log of integrations'),
  h('ul.log', lines.map((line) => h('li', time(line.time), h('span.quiet', line.task ?? ''), h('span', line.message)))))

function events(page, run) {
  const to = (event) => `project/${part(run.project)}/sequence/${part(run.context)}/event/${part(event.id)}`
  return h('details.events', { open: run.events.length <= 12 },
    h('summary', h('h2', `Events`), h('span.quiet', ` ${run.eventCount}`), run.eventCount > run.events.length && h('span.quiet', `, the newest ${run.events.length} shown`), h('span.quiet', ' of context '), h('code.quiet', run.context)),
    h('ol', run.events.map((event) => h('li', { 'data-key': event.id },
      h('a', {
        href: to(event),
        onclick: (click) => {
          if (click.ctrlKey || click.metaKey || click.button !== 0) return
          click.preventDefault()
          openPayload(run.project, run.context, event.id)
        },
      }, event.type.replace('sh.keptn.event.', '')),
      // What is triggered brings along what was before it.
      !event.type.endsWith('.triggered') && (event.result ? state(event.result) : event.status && state(event.status)),
      h('span.quiet', [event.stage, event.source.split('/').pop()].filter(Boolean).join(' · ')), time(event.time)))))
}

/// Shows an event as it is stored: formatted, to be searched and copied.
async function openPayload(project, context, id) {
  const { events } = await attempt(() => get('mongodb-datastore/event', { project, keptnContext: context, eventID: id, pageSize: 1 })) ?? {}
  if (!events) return
  const text = events.length > 0 ? JSON.stringify(events[0], null, 2) : ''
  const code = h('pre.payload', { tabindex: 0, 'aria-label': 'The event as JSON' })
  const found = h('span.quiet', { 'aria-live': 'polite' })
  const draw = (wanted) => {
    const parts = wanted ? text.split(wanted) : [text]
    found.textContent = wanted ? `${parts.length - 1} found` : ''
    code.replaceChildren(...parts.flatMap((part, index) => (index === 0 ? [part] : [h('mark', wanted), part])))
    code.querySelector('mark')?.scrollIntoView({ block: 'center' })
  }
  draw('')
  dialog({
    title: events[0]?.type ?? 'Event', wide: true,
    body: events.length === 0 ? h('p', `There is no event ${id} in this run (any more).`) : [
      h('div.toolbar',
        h('input', { type: 'search', placeholder: 'Find', 'aria-label': 'Find in the event', oninput: (event) => draw(event.target.value) }), found,
        h('span.grow'), h('button.button.small', { type: 'button', onclick: (event) => copy(text, event.target) }, 'Copy')),
      code],
  })
}
