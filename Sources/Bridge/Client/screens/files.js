// The files of a project, a stage or a service: looked at and edited, with what “keptn validate” says, saved as a commit.

import { get, may, part, post, put, remove } from '../api.js'
import { base64, h, patch, unbase64 } from '../dom.js'
import { attempt, button, confirm, dialog, empty, field, head, icon, notify, plural, select } from '../parts.js'
import { showHistory } from './history.js'
import { tabs } from './settings.js'

/// A browser's text field is no place for more.
const textMax = 400_000

export function show(page) {
  const { project } = page.params
  page.title('Files', project)
  let editor = null
  const mayLeave = (go) => {
    if (!editor?.isUnsaved) return true
    document.querySelector('dialog')?.close()
    confirm('Leave this file?', 'What was changed in it is not saved.', 'Leave', () => {
      editor.saved = editor.text.value
      go()
    })
    return false
  }
  page.load({
    concerns: () => false,
    ask: async (signal) => {
      const overview = await get(`v1/overview/project/${part(project)}`, {}, signal)
      const place = placeOf(page, overview)
      const [files, services] = await Promise.all([
        everything(`${root(project, place)}/resource`, 'resources', signal),
        place.stage ? everything(`controlPlane/v1/project/${part(project)}/stage/${part(place.stage)}/service`, 'services', signal) : []])
      const names = services.map((one) => one.serviceName)
      // What lies in the folders of services is theirs.
      const paths = files.map((one) => one.resourceURI.replace(/^\//, '')).filter((path) => place.service || !names.includes(path.split('/')[0]))
      return { overview, place, names, paths, file: await open(project, place, page.query.file, signal) }
    },
    show: (data) => {
      const key = JSON.stringify([data.place, data.file?.path])
      if (!data.file) editor = null
      else if (editor?.key !== key) editor = new Editor(page, key, data)
      page.render(head('Files', data.file?.commit && h('code.quiet', data.file.commit.slice(0, 8)),
        may('resources:write') && button('New file', () => create(page, data.place), { iconName: 'plus' })),
      tabs(project, 'files'), places(page, data, (query) => {
        const go = () => page.setQuery(query)
        if (mayLeave(go)) go()
        else page.reload()
      }),
      h('div.files', list(page, data), h('div.editor', { 'data-key': key }, data.file ? editor.element : nothing(data))))
    },
  })
  addEventListener('beforeunload', (event) => { if (editor?.isUnsaved) event.preventDefault() }, { signal: page.signal })
  page.mayLeave = mayLeave
  document.addEventListener('click', (event) => {
    const link = event.target.closest?.('a[href]')
    const isElsewhere = link?.target || link?.hash || event.ctrlKey || event.metaKey || event.shiftKey
    if (!link || isElsewhere || mayLeave(() => link.click())) return
    event.preventDefault()
    event.stopPropagation()
  }, { capture: true, signal: page.signal })
}

/// Where the API has the files of a place.
export const root = (project, { stage, service }) => `resource-service/v1/project/${part(project)}${stage ? `/stage/${part(stage)}` : ''}${service ? `/service/${part(service)}` : ''}`

/// A service is the same in all stages, its files are not: the first stage is as good a beginning as any.
function placeOf(page, overview) {
  const { stage, service } = page.query
  return { stage: stage ?? (service ? overview.stages[0]?.name : undefined), service }
}

/// All pages of a list that is as long as a folder.
async function everything(path, name, signal) {
  const all = []
  for (let key; all.length < 5000;) {
    const page = await get(path, { pageSize: 100, nextPageKey: key }, signal)
    all.push(...page[name])
    key = page.nextPageKey
    if (!key || key === '0') break
  }
  return all
}

async function open(project, place, path, signal) {
  if (!path) return null
  try {
    const { resourceContent, metadata } = await get(`${root(project, place)}/resource/${part(path)}`, {}, signal)
    return { path, text: resourceContent.length < textMax * 1.4 ? unbase64(resourceContent) : undefined, commit: metadata.version }
  } catch (error) {
    if (error.status !== 404) throw error
    return { path, text: '', isNew: true }
  }
}

// MARK: - Where

function places(page, { overview, place, names }, go) {
  return h('div.toolbar',
    select([['', 'The project'], ...overview.stages.map(({ name }) => [name, `Stage ${name}`])], place.stage, (stage) => go({ stage, service: stage ? page.query.service : null, file: null }), { 'aria-label': 'Project or stage' }),
    place.stage && select([['', 'The stage itself'], ...names.map((name) => [name, `Service ${name}`])], place.service, (service) => go({ stage: place.stage, service, file: null }), { 'aria-label': 'Stage or service' }),
    h('span.quiet', 'What a service has comes before what its stage has, and that before the project’s.'))
}

function list(page, { paths, file }) {
  const shown = file?.isNew && !paths.includes(file.path) ? [...paths, file.path].sort() : paths
  const to = (path) => `${location.pathname}?${new URLSearchParams({ ...page.query, file: path })}`
  return h('nav.card.filelist', { 'aria-label': 'Files' }, shown.length === 0 ? h('p.quiet', 'No files here.')
    : h('ul', shown.map((path) => h('li', { 'data-key': path }, h('a', { href: to(path), title: path, 'aria-current': path === file?.path ? 'true' : null }, path)))))
}

const nothing = ({ paths, place }) => empty(paths.length > 0 ? 'Choose a file' : 'No files here yet',
  place.service ? 'slo.yaml holds the objectives of quality gates, PROVIDER/sli.yaml the queries of their indicators, webhook/webhook.yaml and remediation.yaml what is to be called and repaired.'
    : 'What lies here counts for everything below that has no file of the same name.')

function create(page, place) {
  const path = h('input', { required: true, autocomplete: 'off', spellcheck: 'false', list: 'known-files' })
  const known = place.service ? ['slo.yaml', 'keptn/sli.yaml', 'prometheus/sli.yaml', 'remediation.yaml', 'webhook/webhook.yaml', 'jmeter/jmeter.conf.yaml', 'process.yaml'] : ['webhook/webhook.yaml', 'slo.yaml', 'eventmappings.yaml']
  dialog({
    title: 'New file', action: 'Begin',
    body: [field('Path', path, 'Such as slo.yaml or keptn/sli.yaml.'), h('datalist', { id: 'known-files' }, known.map((value) => h('option', { value })))],
    submit: () => page.setQuery({ file: path.value.trim().replace(/^\/+/, '') }),
  })
}

// MARK: - The editor

/// A text field with line numbers, and the linter's words beside the lines.
class Editor {
  constructor(page, key, { place, file }) {
    Object.assign(this, { page, key, place, file })
    this.text = h('textarea', { spellcheck: 'false', wrap: 'off', 'aria-label': file.path, readonly: !may('resources:write'), oninput: () => this.changed(), onscroll: () => { this.numbers.scrollTop = this.text.scrollTop }, onkeydown: (event) => this.typed(event) })
    this.text.value = file.text ?? ''
    // A text field knows one kind of line's end.
    this.lineEnd = file.text?.includes('\r\n') ? '\r\n' : '\n'
    this.saved = this.text.value
    this.numbers = h('div.numbers', { 'aria-hidden': 'true' })
    this.findings = h('ul.findings', { 'aria-live': 'polite', 'aria-label': 'What was found' })
    this.verdict = h('span.verdict', { role: 'status' })
    this.ofSaved = h('div.toolbar.end', { hidden: file.isNew }, button('History', () => attempt(() => this.history()), { kind: 'small' }),
      may('resources:delete') && button('Delete', () => this.remove(), { kind: 'small danger' }))
    this.save = button('Save', () => this.commit(), { kind: 'primary small' })
    this.element = file.text === undefined ? h('p.quiet', 'This file is too long for an editor, or no text: keptn get resource, or git clone.')
      : h('div.card.sheet',
        h('header.toolbar', h('div.toolbar', h('b', file.path), this.verdict),
          h('div.toolbar.end', this.ofSaved, may('resources:write') && this.save)),
        h('div.code', this.numbers, this.text), this.findings)
    this.lines([])
    this.changed()
  }

  get isUnsaved() { return this.text.value !== this.saved }
  get isChanged() { return this.isUnsaved || this.file.isNew }

  changed() {
    this.save.disabled = !this.isChanged
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.check(), 250)
    if (this.numbers.childElementCount !== this.text.value.split('\n').length) this.lines(this.marked ?? [])
  }

  /// The numbers of the lines, with a mark at those that something was found in.
  lines(marked) {
    this.marked = marked
    const count = this.text.value.split('\n').length
    patch(this.numbers, Array.from({ length: count }, (_, index) => {
      const found = marked.find((one) => one.line === index + 1)
      return h(`i${found ? `.${found.severity}` : ''}`, { title: found?.message }, String(index + 1))
    }))
    this.numbers.scrollTop = this.text.scrollTop
  }

  async check() {
    if (!/\.ya?ml$/.test(this.file.path) || this.file.path.includes('helm/')) return
    try {
      const content = this.text.value
      const { valid, kind, diagnostics } = await post('v1/validate', { file: this.file.path, content }, { signal: this.page.signal })
      if (content !== this.text.value) return
      const isForeign = !valid && diagnostics.some((one) => one.message.startsWith('no file that Keptn knows'))
      const found = isForeign ? [] : diagnostics
      this.lines(found)
      const mistakes = found.filter((one) => one.severity === 'error').length
      patch(this.verdict, isForeign ? h('span.quiet', 'no format that Keptn checks')
        : mistakes > 0 ? h('span.state.state-fail', icon('fail'), plural(mistakes, 'mistake'))
          : h('span.state.state-pass', icon('pass'), `${kind} can be used`))
      patch(this.findings, found.map((one) => h('li', h('button', { type: 'button', onclick: () => this.goTo(one.line, one.column) },
        h(`span.state.state-${one.severity === 'error' ? 'fail' : 'warning'}`, icon(one.severity === 'error' ? 'fail' : 'warning'), h('span', one.line > 0 ? `line ${one.line}` : 'the file')),
        h('span', one.message)))))
    } catch (error) {
      if (error.name !== 'AbortError') patch(this.verdict, h('span.quiet', `not checked: ${error.message}`))
    }
  }

  goTo(line, column) {
    const before = this.text.value.split('\n').slice(0, Math.max(line - 1, 0)).reduce((sum, one) => sum + one.length + 1, 0)
    this.text.focus()
    this.text.setSelectionRange(before + Math.max(column - 1, 0), before + Math.max(column - 1, 0))
    this.text.scrollTop = Math.max(0, (line - 8) * 18)
  }

  typed(event) {
    if ((event.ctrlKey || event.metaKey) && event.key === 's') {
      event.preventDefault()
      if (!this.save.disabled) this.commit()
    }
  }

  async commit() {
    this.save.disabled = true
    try {
      const text = this.text.value
      const { commitID } = await put(`${root(this.page.params.project, this.place)}/resource/${part(this.file.path)}`, { resourceContent: base64(text.replaceAll('\n', this.lineEnd)) })
      this.saved = text
      this.file.isNew = false
      this.ofSaved.hidden = false
      notify(`Saved as ${commitID.slice(0, 8)}`)
      this.page.reload()
    } catch (error) {
      patch(this.findings, h('li.problem.lines', error.message, ' ', error.remedy))
      this.save.disabled = false
    }
  }

  history() {
    const { page: { params: { project } }, place, file } = this
    const use = (text) => { this.text.value = text; this.changed() }
    return showHistory({ project, place, root: root(project, place), path: file.path, text: this.text.value, use: may('resources:write') ? use : null })
  }

  remove() {
    confirm(`Delete ${this.file.path}?`, 'It stays in the history.', 'Delete', async () => {
      await remove(`${root(this.page.params.project, this.place)}/resource/${part(this.file.path)}`)
      notify(`${this.file.path} is deleted`)
      this.saved = this.text.value
      this.page.setQuery({ file: null })
    })
  }
}
