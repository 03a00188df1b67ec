// Everything that waits for somebody's approval, in all projects.

import { get, may, part, sendEvent } from '../api.js'
import { h } from '../dom.js'
import { button, command, dialog, empty, field, head, notify, number, pager, plural, state, table, time, version } from '../parts.js'

export function show(page) {
  page.title('Approvals')
  page.load({
    ask: (signal) => get('v1/overview/open', { task: 'approval', project: page.query.project, nextPageKey: page.query.from, pageSize: 50 }, signal),
    concerns: (event) => event.type.includes('approval') || event.type.includes('sequence'),
    show: (data) => page.render(
      head('Approvals', data.totalCount > 0 && `${plural(data.totalCount, 'sequence waits', 'sequences wait')} for a decision`),
      data.open.length === 0
        ? empty('Nothing waits for you', 'A sequence with the task “approval” and the strategy “manual” stops there until somebody decides, here or with',
          command('keptn send approval --project PROJECT --stage STAGE --service SERVICE'))
        : [table([
          ['Service', (row) => h('div', h('b', row.service), ' ', h('span.quiet', `in ${row.stage} of `), h('a', { href: `project/${part(row.project)}` }, row.project))],
          ['Version', (row) => version(row.image)],
          ['Gate', (row) => gate(row)],
          ['Run', (row) => h('a', { href: `project/${part(row.project)}/sequence/${part(row.context)}` }, row.sequence)],
          ['Waits', (row) => h('div', h('div', 'since ', time(row.wait?.since)), row.wait?.until && h('div.quiet', 'until ', time(row.wait.until)))],
          ['', (row) => may('events:write') && button('Decide', () => decide(row, page), { kind: 'small primary' })],
        ], data.open, { key: (row) => row.wait?.triggeredID ?? row.context, caption: 'Open approvals' }),
        pager(page, data, data.open.length)]),
  })
}

const gate = (row) => row.evaluation
  ? h('span.line', state(row.evaluation.result ?? 'unknown'), row.evaluation.score !== undefined && h('span.quiet', number(row.evaluation.score)))
  : h('span.quiet', 'none')

/// Asks for the decision, with a comment, and sends it. `open` is an open sequence at its task approval.
export function decide(open, page) {
  const comment = h('textarea', { rows: 3, name: 'comment' })
  let result = 'pass'
  const choice = (value, word) => h('label.choice', h('input', { type: 'radio', name: 'result', value, checked: value === result, onchange: () => { result = value } }), state(value, word))
  dialog({
    title: `Approval of ${open.service} in ${open.stage}`,
    action: 'Send the decision',
    body: [
      h('dl.facts',
        h('dt', 'Project'), h('dd', open.project), h('dt', 'Version'), h('dd', version(open.image)),
        h('dt', 'Gate'), h('dd', gate(open)), h('dt', 'Waits'), h('dd', 'since ', time(open.wait?.since))),
      h('div.choices', { role: 'radiogroup', 'aria-label': 'Decision' }, choice('pass', 'Approve'), choice('fail', 'Decline')),
      field('Comment', comment, 'Goes into the event, for whoever reads the run later.'),
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
