package import CloudEvents
import KeptnModel

extension CDEvents {
    /// A canonical Keptn event in CDEvents: none where CDEvents has no word for it, several where it says several
    /// things. The same event gets the same ids each time. Each comes in the CloudEvents binding of CDEvents.
    package static func events(for event: CloudEvent, in surroundings: Surroundings) -> [CloudEvent] {
        guard let data = event.json, let common = event.keptnData, let time = event.time else { return [] }
        let translation = Translation(
            event: event, data: data, common: common, time: time, surroundings: surroundings)
        return translation.statements.map(translation.event)
    }

    /// How something ended, in the words of CDEvents.
    enum Outcome: String, Sendable {
        case success, failure, cancel, error

        /// As the control plane reads them, no word and an unknown one count against the executor (K §2.3.4).
        init(of data: KeptnData) {
            switch data.status.flatMap(KeptnStatus.init) {
            case .errored?, .unknown?, nil: self = .error
            case .aborted?: self = .cancel
            case .succeeded?:
                switch data.result.flatMap(KeptnResult.init) {
                case .pass?, .warning?: self = .success
                case .fail?, nil: self = .failure
                }
            }
        }
    }
}

/// One Keptn event on its way into CDEvents.
struct Translation: Sendable {
    typealias Members = [(key: String, value: JSON?)]

    let event: CloudEvent
    let data: JSON
    let common: KeptnData
    let time: Timestamp
    let surroundings: CDEvents.Surroundings

    /// One thing that the event says.
    struct Statement {
        var kind: CDEvents.Kind
        var subject: String
        /// Together with the subject's id its identity: the same for all events about it.
        var source: String
        var content: Members
        /// The kind and the Keptn event of what came before on the way of the same subject.
        var predecessor: (kind: CDEvents.Kind, id: String)?
    }

    func event(_ statement: Statement) -> CloudEvent {
        let id = Self.id(statement.kind, of: event.id)
        let source = "\(surroundings.address)/\(URLText.encode(event.source))"
        let links: JSON? = statement.predecessor.map {
            [["linkType": "PATH", "from": ["contextId": .string(Self.id($0.kind, of: $0.id))]]]
        }
        let data: JSON = .object([
            (
                "context",
                .object([
                    ("specversion", .string(CDEvents.specVersion)), ("id", .string(id)), ("source", .string(source)),
                    ("type", .string(statement.kind.rawValue)), ("timestamp", .string(time.rfc3339)),
                    ("chainId", text(event.keptnContext)), ("links", links),
                ])
            ),
            (
                "subject",
                [
                    "id": .string(statement.subject), "source": .string(statement.source),
                    "content": .object(statement.content),
                ]
            ),
            ("customData", ["keptn": origin]), ("customDataContentType", "application/json"),
        ])
        return CloudEvent(
            id: id, source: source, type: statement.kind.rawValue, subject: statement.subject, time: time,
            dataContentType: "application/json", data: .json(data))
    }

    /// What the event was in Keptn's own words.
    private var origin: JSON {
        .object([
            ("id", .string(event.id)), ("source", .string(event.source)), ("type", .string(event.type)),
            ("triggeredid", text(event.triggeredID)), ("gitcommitid", text(event.gitCommitID)),
            ("project", text(common.project)), ("stage", text(common.stage)), ("service", text(common.service)),
            ("labels", common.labels), ("status", text(common.status)), ("result", text(common.result)),
            ("message", text(common.message)),
        ])
    }

    /// `0b9c….taskrun.finished`.
    private static func id(_ kind: CDEvents.Kind, of id: String) -> String {
        let words = kind.rawValue.split(separator: ".")
        return "\(id).\(words[2]).\(words[3])"
    }

    /// Nil for no and for an empty text.
    func text(_ value: String?) -> JSON? { value.flatMap { $0.isEmpty ? nil : .string($0) } }
}

// MARK: - What all statements are made of

extension Translation {
    var outcome: CDEvents.Outcome { CDEvents.Outcome(of: common) }

    /// How it ended and, where it did not end well, why.
    var ending: Members {
        [("outcome", .string(outcome.rawValue)), ("errors", outcome == .success ? nil : text(common.message))]
    }

    /// Which sequence, task, gate or approval is meant: that of one `.triggered` event. Answers without `triggeredid`
    /// are known by their run.
    var runID: String {
        guard event.eventType?.kind != .triggered else { return event.id }
        return event.triggeredID ?? event.keptnContext ?? event.id
    }

    /// The place of whatever runs.
    var stageURI: String { surroundings.uri(project: common.project, stage: common.stage) }

    /// A stage is what CDEvents calls an environment. Nil where the event names none.
    var environment: JSON? {
        guard let project = common.project, !project.isEmpty, let stage = text(common.stage) else { return nil }
        return ["id": stage, "source": .string(surroundings.uri(project: project))]
    }

    var service: JSON? {
        text(common.service).map { ["id": $0, "source": .string(stageURI)] }
    }

    /// Where people and programs read more.
    var runURI: JSON? {
        guard let context = event.keptnContext, let project = common.project else { return nil }
        return .string(surroundings.uri(ofRun: context, project: project))
    }

    /// What came before on the way of the same subject: the statement about the `.triggered` event.
    func after(_ kind: CDEvents.Kind) -> (kind: CDEvents.Kind, id: String)? {
        event.triggeredID.map { (kind, $0) }
    }

    /// What is said about something that runs in the stage.
    func statement(
        _ kind: CDEvents.Kind, _ content: Members, after predecessor: (kind: CDEvents.Kind, id: String)? = nil
    ) -> Statement {
        Statement(kind: kind, subject: runID, source: stageURI, content: content, predecessor: predecessor)
    }
}
