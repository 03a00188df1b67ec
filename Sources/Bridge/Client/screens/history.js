// How a file came to be: its commits, and what each of them differs by from what is in the editor.

import { get, part } from '../api.js'
import { h, patch, unbase64 } from '../dom.js'
import { button, dialog, empty, plural, time } from '../parts.js'

/// - place: {stage, service}; root: the place's path in the API; use: takes an old text into the editor, null if it may not.
export async function showHistory({ project, place, root, path, text, use }) {
  const { revisions } = await get(`v1/overview/project/${part(project)}/history`, { file: path, ...place, pageSize: 50 })
  const shown = h('div.revision', { 'aria-live': 'polite' })
  const list = h('ol.revisions')
  const choose = async (revision) => {
    patch(list, revisions.map((one) => entry(one, one === revision)))
    try {
      const old = revision.isDeletion ? '' : unbase64((await get(`${root}/resource/${part(path)}`, { gitCommitID: revision.commit })).resourceContent)
      patch(shown, old === undefined ? h('p.quiet', 'It was no text then.') : old === text ? h('p.quiet', 'The same as in the editor.')
        : [h('div.toolbar', h('span.quiet', '− as it was then, + as the editor has it'), h('span.grow'),
          use && !revision.isDeletion && button('Take this text', () => { use(old); box.close() }, { kind: 'small' })), difference(old, text)])
    } catch (error) { patch(shown, h('p.problem', error.message)) }
  }
  const entry = (one, isChosen) => h('li', { 'data-key': one.commit }, h('button', { type: 'button', onclick: () => choose(one), 'aria-pressed': String(isChosen) },
    h('span', h('b', one.message.split('\n')[0]), one.isDeletion && h('span.tag.beside-name', 'deleted')), h('span.quiet', h('code', one.commit.slice(0, 8)), ' ', one.author, ' ', time(one.time))))
  const box = dialog({ title: `History of ${path}`, wide: true, body: revisions.length === 0 ? empty('No history yet', 'The file was not saved yet.') : h('div.history', list, shown) })
  if (revisions.length > 0) await choose(revisions[1] ?? revisions[0])
}

/// Lines that two texts do not share, with a few around them.
export function difference(before, after, around = 3) {
  const rows = changes(before.split('\n'), after.split('\n'))
  const near = rows.map((_, index) => rows.slice(Math.max(0, index - around), index + around + 1).some((row) => row.kind !== ' '))
  const shown = []
  let hidden = 0
  rows.forEach((row, index) => {
    if (!near[index]) { hidden += 1; return }
    if (hidden > 0) shown.push(h('span.cut', `${plural(hidden, 'line')} alike\n`))
    hidden = 0
    shown.push(h(row.kind === '+' ? 'ins' : row.kind === '-' ? 'del' : 'span', `${row.kind === '-' ? '−' : row.kind} ${row.text}\n`))
  })
  if (hidden > 0) shown.push(h('span.cut', `${plural(hidden, 'line')} alike\n`))
  return h('pre.difference', { tabindex: 0, 'aria-label': 'What differs' }, shown)
}

/// The longest common part of lines stays, the rest came or went.
export function changes(before, after) {
  let start = 0
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1
  let [a, b] = [before.length, after.length]
  while (a > start && b > start && before[a - 1] === after[b - 1]) { a -= 1; b -= 1 }
  const rows = before.slice(0, start).map((text) => ({ kind: ' ', text }))
  const [old, fresh] = [before.slice(start, a), after.slice(start, b)]
  if (old.length * fresh.length > 4e6) {
    rows.push(...old.map((text) => ({ kind: '-', text })), ...fresh.map((text) => ({ kind: '+', text })))
  } else {
    const common = Array.from({ length: old.length + 1 }, () => new Uint32Array(fresh.length + 1))
    for (let i = old.length - 1; i >= 0; i--) {
      for (let j = fresh.length - 1; j >= 0; j--) common[i][j] = old[i] === fresh[j] ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1])
    }
    for (let i = 0, j = 0; i < old.length || j < fresh.length;) {
      if (i < old.length && j < fresh.length && old[i] === fresh[j]) { rows.push({ kind: ' ', text: old[i] }); i += 1; j += 1 }
      else if (j >= fresh.length || i < old.length && common[i + 1][j] >= common[i][j + 1]) rows.push({ kind: '-', text: old[i++] })
      else rows.push({ kind: '+', text: fresh[j++] })
    }
  }
  return [...rows, ...before.slice(a).map((text) => ({ kind: ' ', text }))]
}
