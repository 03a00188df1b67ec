// One run: its stages and tasks on one axis of time, who worked on them, what it waits for, and every event.

import { control, get, may, part, session } from '../api.js'
import { copy, h } from '../dom.js'
import { decide } from './approvals.js'
import { grow, waterfall } from './waterfall.js'
import { attempt, button, confirm, dialog, duration, exact, head, runState, state, time, version } from '../parts.js'

export function show(page) {
  const { project, context, event: shown } = page.params
  page.title('Sequence', project)
  const path = `v1/overview/project/${part(project)}/sequence/${part(context)}`
  const redraw = page.load({
    isSized: true,
    concerns: (event) => event.context === context || event.project === project && event.type.endsWith('.finished'),
    ask: async (signal) => {
      const run = await get(path, {}, signal)
      return { run, logs: may('logs:read') && !session.projects ? await linesOf(run, signal) : [] }
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

/// What integrations wrote about a run while it was open, or soon after.
async function linesOf(run, signal) {
  const beforeTime = run.finishedAt && new Date(new Date(run.finishedAt).getTime() + 60_000).toISOString()
  const { logs } = await get('controlPlane/v1/log', { fromTime: run.triggeredAt, beforeTime, pageSize: 100 }, signal)
  return logs.filter((line) => line.shkeptncontext === run.context)
}

function screen(page, run, logs) {
  const open = run.executions.filter((one) => !one.finishedAt && !['aborted', 'timedOut', 'finished'].includes(one.state))
  return [
    head(h('span', run.name, h('span.quiet', ' of '), run.service), [
      runState(run), run.image && version(run.image), h('span', 'began ', time(run.triggeredAt)),
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
      wait.since && [' · began ', time(wait.since)], wait.until && [' · ends by ', h('time', { datetime: wait.until, title: exact(wait.until) }, exact(wait.until))]),
    approval && may('events:write') && button('Decide', () => decide(approval, page), { kind: 'primary small' }))
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
    title: events[0]?.type.replace('sh.keptn.event.', '') ?? 'Event', wide: true,
    body: events.length === 0 ? h('p', `There is no event ${id} in this run (any more).`) : [
      h('div.toolbar',
        h('input', { type: 'search', placeholder: 'Find', 'aria-label': 'Find in the event', oninput: (event) => draw(event.target.value) }), found,
        h('span.grow'), h('button.button.small', { type: 'button', onclick: (event) => copy(text, event.target) }, 'Copy')),
      code],
  })
}
