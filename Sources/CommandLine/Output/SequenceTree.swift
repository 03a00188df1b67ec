import CloudEvents
import KeptnModel

/// A run as its events tell it: sequences in the order of their triggers, with their tasks.
///
/// A value made from events alone, so the live view, the plain lines and the demo show the same.
struct SequenceTree: Equatable {
    var sequences: [Sequence] = []

    struct Sequence: Equatable {
        var id: String
        var stage: String
        var name: String
        var service: String
        var triggeredAt: Timestamp?
        var finishedAt: Timestamp?
        /// `pass`, `warning`, `fail`, `aborted`, `timedOut`; nil while it is open.
        var verdict: String?
        var message = ""
        var tasks: [Task] = []
    }

    struct Task: Equatable {
        var id: String
        var name: String
        var triggeredAt: Timestamp?
        var startedBy: [String] = []
        var finishedAt: Timestamp?
        var finished = 0
        var result: String?
        var message = ""
    }

    init(events: [CloudEvent]) {
        for event in events { take(event) }
    }

    /// A run is over when every sequence in it is.
    var isOver: Bool { !sequences.isEmpty && sequences.allSatisfy { $0.verdict != nil } }

    private mutating func take(_ event: CloudEvent) {
        let data = event.keptnData
        switch event.eventType {
        case .sequence(let stage, let name, .triggered)?:
            guard !sequences.contains(where: { $0.id == event.id }) else { return }
            sequences.append(
                Sequence(
                    id: event.id, stage: stage, name: name, service: data?.service ?? "", triggeredAt: event.time))
        case .sequence(_, _, .finished)?:
            guard let index = sequences.firstIndex(where: { $0.id == event.triggeredID }) else { return }
            sequences[index].finishedAt = event.time
            sequences[index].message = data?.message ?? ""
            sequences[index].verdict = data?.status == "aborted" ? "aborted" : data?.result ?? "fail"
        case .task(let name, .triggered)?:
            guard
                let index = sequences.lastIndex(where: { $0.stage == data?.stage && $0.verdict == nil }),
                event.source == "shipyard-controller", !sequences[index].tasks.contains(where: { $0.id == event.id })
            else { return }
            sequences[index].tasks.append(Task(id: event.id, name: name, triggeredAt: event.time))
        case .task(_, .started)?:
            change(event.triggeredID) { $0.startedBy.append(event.source) }
        case .task(_, .finished)?:
            change(event.triggeredID) { task in
                task.finished += 1
                task.message = data?.message ?? task.message
                let worse = [task.result, data?.result].contains("fail") ? "fail" : data?.result
                task.result = worse
                if task.finished >= task.startedBy.count { task.finishedAt = event.time }
            }
        default:
            break
        }
    }

    private mutating func change(_ id: String?, _ body: (inout Task) -> Void) {
        for sequence in sequences.indices {
            guard let task = sequences[sequence].tasks.firstIndex(where: { $0.id == id }) else { continue }
            body(&sequences[sequence].tasks[task])
        }
    }
}

// MARK: - As text

extension SequenceTree {
    /// The tree as lines for people. `waiting`: what each open sequence waits for, by its trigger's id.
    func lines(now: Timestamp, waiting: [String: String] = [:], on terminal: Terminal) -> [String] {
        var lines: [String] = []
        for (index, sequence) in sequences.enumerated() {
            let isLast = index == sequences.count - 1
            let state = sequence.verdict ?? "running"
            lines.append(
                "\(isLast ? "└─" : "├─") \(Paint.strong(sequence.stage, terminal)) \(sequence.name)  "
                    + "\(Self.mark(state, terminal))  "
                    + Paint.quiet(Self.span(sequence.triggeredAt, sequence.finishedAt ?? now), terminal)
                    + (sequence.verdict == nil ? waiting[sequence.id].map { "  waits for \($0)" } ?? "" : ""))
            for (place, task) in sequence.tasks.enumerated() {
                let branch = place == sequence.tasks.count - 1 ? "└─" : "├─"
                lines.append("\(isLast ? "  " : "│ ")   \(branch) \(Self.line(task, now, terminal))")
            }
        }
        return lines
    }

    private static func line(_ task: Task, _ now: Timestamp, _ terminal: Terminal) -> String {
        let state = task.finishedAt != nil ? task.result ?? "fail" : task.startedBy.isEmpty ? "triggered" : "started"
        let name = task.name + String(repeating: " ", count: max(0, 11 - task.name.count))
        let note = task.finishedAt != nil && state == "pass" ? "" : "  \(firstLine(task.message))"
        return "\(name) \(mark(state, terminal))  "
            + Paint.quiet(
                "\(span(task.triggeredAt, task.finishedAt ?? now)) \(task.startedBy.joined(separator: ", "))", terminal)
            + note
    }

    /// One line for each thing that is in this tree and was not in the older one: the form for logs and pipes.
    func news(since old: SequenceTree) -> [String] {
        var lines: [String] = []
        for sequence in sequences {
            let before = old.sequences.first { $0.id == sequence.id }
            if before == nil { lines.append("\(sequence.stage) \(sequence.name): triggered") }
            for task in sequence.tasks {
                let seen = before?.tasks.first { $0.id == task.id }
                let name = "\(sequence.stage) \(sequence.name) \(task.name)"
                if seen == nil { lines.append("\(name): triggered") }
                for source in task.startedBy.dropFirst(seen?.startedBy.count ?? 0) {
                    lines.append("\(name): started by \(source)")
                }
                if task.finishedAt != nil, seen?.finishedAt == nil {
                    let message = Self.firstLine(task.message)
                    lines.append("\(name): \(task.result ?? "fail")\(message.isEmpty ? "" : " (\(message))")")
                }
            }
            if let verdict = sequence.verdict, before?.verdict == nil {
                lines.append("\(sequence.stage) \(sequence.name): finished \(verdict)")
            }
        }
        return lines
    }

    private static func mark(_ state: String, _ terminal: Terminal) -> String {
        let sign =
            switch Paint.of(state) {
            case .good: "✔"
            case .bad: "✘"
            case .doubtful: "!"
            default: "●"
            }
        return Paint.of(state)("\(sign) \(state)", terminal)
    }

    private static let lineMax = 160

    private static func firstLine(_ text: String) -> String {
        let line = text.prefix { $0 != "\n" }
        return line.count <= lineMax ? String(line) : "\(line.prefix(lineMax - 1))…"
    }

    private static func span(_ from: Timestamp?, _ to: Timestamp) -> String {
        guard let from else { return "" }
        let milliseconds = max(0, (to.milliseconds - from.milliseconds))
        return milliseconds < 10_000
            ? "\(milliseconds / 1000).\(milliseconds % 1000 / 100)s" : "\(milliseconds / 1000)s"
    }
}
