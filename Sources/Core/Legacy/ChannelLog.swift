package import CloudEvents
import KeptnModel

/// What a command of Keptn 0.5 or 0.6 prints of the run that it began (K §1.2): a line for each thing that happens, and
/// a last one, by which the command ends.
package struct ChannelLog: Sendable {
    /// The sequences that were triggered and have not finished, by the ids of their triggers.
    private var running: Set<String> = []
    private var last: CloudEvent?
    private var hasFailed = false
    /// Whether the last line has been said.
    package private(set) var isClosed = false

    package init() {}

    /// Whether nothing goes on any more. Ask only when there is no event left to read: what follows a sequence stands
    /// in the log behind its end.
    package var isOver: Bool { last != nil && running.isEmpty }

    /// The line about an event, as an event itself; nil for what nobody has to read.
    package mutating func line(about event: CloudEvent) -> CloudEvent? {
        last = event
        if event.type == Legacy.OldType.log.rawValue {
            isClosed = event.json?["terminate"]?.boolValue ?? false
            return event
        }
        guard let type = event.eventType, let message = Self.message(about: event, type) else { return nil }
        let isFailure = Self.isFailure(event)
        if case .sequence(_, _, let kind) = type {
            if kind == .triggered { running.insert(event.id) }
            if kind == .finished {
                running.remove(event.triggeredID ?? "")
                hasFailed = hasFailed || isFailure
            }
        }
        let level: Level = isFailure ? .error : type.kind == .triggered ? .debug : .info
        return Self.line(message, level, after: event)
    }

    /// The last line.
    package mutating func close() -> CloudEvent? {
        guard !isClosed, let last else { return nil }
        isClosed = true
        let message = hasFailed ? "it has failed" : "it is done"
        return Self.line(message, hasFailed ? .error : .info, isLast: true, after: last)
    }

    private enum Level: String { case debug = "DEBUG", info = "INFO", error = "ERROR" }

    private static func message(about event: CloudEvent, _ type: EventType) -> String? {
        let data = event.keptnData
        let said = data?.message.flatMap { $0.isEmpty ? nil : $0 }
        let what =
            switch type {
            case .task(let name, _): [name, data?.service.map { "of \($0)" }, data?.stage.map { "in \($0)" }]
            case .sequence(let stage, let name, _): [name, data?.service.map { "of \($0)" }, "in \(stage)"]
            }
        let subject = what.compactMap(\.self).joined(separator: " ")
        switch type.kind {
        case .triggered: return "\(subject) is triggered"
        case .started: return "\(subject) is started by \(event.source)"
        case .statusChanged: return said.map { "\(subject): \($0)" }
        case .finished:
            // What was broken off may carry the result that it had until then.
            let outcome = isBrokenOff(event) ? data?.status : data?.result
            let verdict = [outcome, said].compactMap(\.self).joined(separator: ", ")
            return "\(subject) is finished" + (verdict.isEmpty ? "" : ": \(verdict)")
        default: return nil
        }
    }

    private static func isFailure(_ event: CloudEvent) -> Bool {
        event.keptnData?.result == KeptnResult.fail.rawValue || isBrokenOff(event)
    }

    private static func isBrokenOff(_ event: CloudEvent) -> Bool {
        [KeptnStatus.errored, .aborted].contains { $0.rawValue == event.keptnData?.status }
    }

    private static func line(
        _ message: String, _ level: Level, isLast: Bool = false, after event: CloudEvent
    ) -> CloudEvent {
        CloudEvent(
            id: event.id + (isLast ? "-end" : "-log"), source: event.source, type: Legacy.OldType.log.rawValue,
            time: event.time, dataContentType: "application/json",
            extensions: event.keptnContext.map { [CloudEvent.KeptnExtension.context: .string($0)] } ?? [:],
            data: .json([
                "message": .string(message), "terminate": .bool(isLast), "logLevel": .string(level.rawValue),
            ]))
    }
}
