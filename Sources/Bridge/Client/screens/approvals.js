// Everything that waits for somebody's approval, in all projects.

import { get, may, part, sendEvent } from '../api.js'
import { h } from '../dom.js'
import { button, command, dialog, empty, field, head, notify, number, pager, plural, state, table, time, version } from '../parts.js'

export function show(page) {
  page.title('Approvals')
  page.load({
    ask: (signal) => get('v1/overview/open', { task: 'approval', project: page.query.project, nextPageKey: page.query.from, pageSize: 50 }, signal),
    concerns: (event) => /\.(triggered|finished|control)$/.test(event.type),
    show: (data) => page.render(
      head('Approvals', data.totalCount > 0 && `${plural(data.totalCount, 'sequence waits', 'sequences wait')} for a decision`),
      data.open.length === 0
        ? empty('Nothing waits for you', 'A sequence with the task “approval” and the strategy “manual” stops there until somebody decides, here or with',
          command('keptn send approval --project PROJECT --stage STAGE --service SERVICE'))
        : [table([
          ['Service', (row) => h('div', h('b', row.service), h('span.quiet', ` in ${row.stage}`))],
          ['Project', (row) => h('a', { href: `project/${part(row.project)}` }, row.project), 'ample'],
          ['Version', (row) => version(row.image), 'ample'],
          ['Gate', (row) => gate(row)],
          ['Run', (row) => h('a', { href: `project/${part(row.project)}/sequence/${part(row.context)}` }, row.sequence)],
          ['Asked', (row) => time(row.wait?.since), 'nowrap'],
          ['Due', (row) => time(row.wait?.until), 'nowrap'],
          ['', (row) => may('events:write') && button('Decide', () => decide(row, page), { kind: 'small primary' })],
        ], data.open, { key: (row) => row.wait?.triggeredID ?? row.context, caption: 'Open approvals' }),
        pager(page, data, data.open.length)]),
  })
}

const gate = (row) => row.evaluation
  ? h('span.line', state(row.evaluation.result ?? 'unknown'), row.evaluation.score !== undefined && h('span.quiet', `score ${number(Math.round(row.evaluation.score * 10) / 10)}`))
  : h('span.quiet', 'none')

/// Asks for the decision, with a comment, and sends it. `open` is an open sequence at its task approval.
export function decide(open, page) {
  const comment = h('textarea', { rows: 3, name: 'comment', placeholder: 'Why, for whoever reads the run later' })
  let result = 'pass'
  const choose = (value) => {
    result = value
    const done = element.querySelector('footer [type=submit]')
    done.textContent = value === 'pass' ? 'Approve' : 'Decline'
    done.className = `button ${value === 'pass' ? 'primary' : 'danger'}`
  }
  const choice = (value, word, then) => h('label.choice',
    h('input', { type: 'radio', name: 'result', value, checked: value === result, onchange: () => choose(value) }),
    h('span', state(value, word), h('span.hint', then)))
  const run = `project/${part(open.project)}/sequence/${part(open.context)}`
  const element = dialog({
    title: `${open.service} into ${open.stage}?`,
    action: 'Approve',
    body: [
      h('dl.facts.deciding',
        h('dt', 'Version'), h('dd', version(open.image)),
        h('dt', 'Gate'), h('dd', gate(open)),
        h('dt', 'Run'), h('dd', h('a', { href: run, onclick: () => element.close() }, open.sequence), h('span.quiet', ' of project '), open.project),
        h('dt', 'Asked'), h('dd', time(open.wait?.since), open.wait?.until && [h('span.quiet', ', unanswered it ends '), time(open.wait.until)])),
      h('div.choices', { role: 'radiogroup', 'aria-label': 'Decision' },
        choice('pass', 'Approve', `The sequence goes on in ${open.stage}.`), choice('fail', 'Decline', 'It ends as failed; nothing goes further.')),
      field('Comment', comment),
    ],
    submit: async () => {
      try {
        await sendEvent('sh.keptn.event.approval.finished', {
          project: open.project, stage: open.stage, service: open.service, labels: open.labels,
          result, status: 'succeeded', message: comment.value.trim(),
        }, { shkeptncontext: open.context, triggeredid: open.wait.triggeredID })
        notify(result === 'pass' ? 'Approved' : 'Declined')
      } catch (error) {
        // Somebody was faster, or this is their second answer: nothing is left to be decided here.
        if (error.status !== 409) throw error
        notify(`Your decision does not count: ${error.message}`, 'warning')
      }
      page.reload()
    },
  })
}
