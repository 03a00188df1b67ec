package import CloudEvents
import KeptnModel

/// The stored form. The definition is written once and kept apart (`SequenceDefinition.encoded`); payloads are
/// spliced in as the bytes that they are.
extension SequenceExecution {
    package var encoded: JSON {
        .object([
            ("id", .string(id)),
            ("project", .string(scope.project)),
            ("stage", .string(scope.stage)),
            ("service", .string(scope.service)),
            ("context", .string(context)),
            ("triggeredID", .string(triggeredID)),
            ("triggeredAt", .integer(triggeredAt.nanoseconds)),
            ("gitCommitID", gitCommitID.map { .string($0) }),
            ("labels", labels),
            ("state", .string(state.rawValue)),
            ("payload", payload),
            ("task", task.map(\.encoded)),
            ("finishedTasks", .array(finishedTasks.map(\.encoded))),
            ("ending", ending.map { .string($0) }),
            ("outcome", outcome.map(\.encoded)),
            ("finishedAt", finishedAt.map { .integer($0.nanoseconds) }),
        ])
    }

    package init(decoding json: JSON, definition: SequenceDefinition) throws(StoredStateError) {
        let fields = StoredFields(json)
        id = try fields.text("id")
        scope = Scope(
            project: try fields.text("project"), stage: try fields.text("stage"), service: try fields.text("service"))
        context = try fields.text("context")
        triggeredID = try fields.text("triggeredID")
        triggeredAt = try fields.time("triggeredAt")
        gitCommitID = fields["gitCommitID"]?.stringValue
        labels = fields["labels"]
        self.definition = definition
        state = try fields.word("state")
        payload = try fields.value("payload")
        if let stored = fields["task"] { task = try TaskRun(decoding: stored) } else { task = nil }
        var finished: [FinishedTask] = []
        for element in try fields.value("finishedTasks").elements {
            finished.append(try FinishedTask(decoding: element))
        }
        finishedTasks = finished
        ending = fields["ending"]?.stringValue
        if let stored = fields["outcome"] { outcome = try Outcome(decoding: stored) } else { outcome = nil }
        finishedAt = fields["finishedAt"] == nil ? nil : try fields.time("finishedAt")
    }
}

/// Stored state that this version cannot read.
package struct StoredStateError: Error, Sendable, CustomStringConvertible {
    package let field: String
    package let found: String
    package var description: String { "stored sequence state: field '\(field)' holds \(found)" }
}

extension SequenceExecution.TaskRun {
    fileprivate var encoded: JSON {
        var members: [(key: String, value: JSON?)] = [("index", .integer(index)), ("name", .string(name))]
        switch phase {
        case .delayed(let until): members.append(("delayedUntil", .integer(until.nanoseconds)))
        case .held: break
        case .sent(let eventID, let at, let deadline):
            members.append(("eventID", .string(eventID)))
            members.append(("sentAt", .integer(at.nanoseconds)))
            members.append(("deadline", deadline.map { .integer($0.nanoseconds) }))
        }
        let executors = started.map {
            JSON.object([("source", .string($0.source)), ("at", .integer($0.at.nanoseconds))])
        }
        members.append(("started", .array(executors)))
        members.append(("answers", .array(answers.map(\.encoded))))
        return .object(members)
    }

    fileprivate init(decoding json: JSON) throws(StoredStateError) {
        let fields = StoredFields(json)
        index = try fields.number("index")
        name = try fields.text("name")
        if fields["delayedUntil"] != nil {
            phase = .delayed(until: try fields.time("delayedUntil"))
        } else if fields["eventID"] != nil {
            phase = .sent(
                eventID: try fields.text("eventID"), at: try fields.time("sentAt"),
                deadline: fields["deadline"] == nil ? nil : try fields.time("deadline"))
        } else {
            phase = .held
        }
        for element in try fields.value("started").elements {
            let executor = StoredFields(element)
            started.append(.init(source: try executor.text("source"), at: try executor.time("at")))
        }
        for element in try fields.value("answers").elements { answers.append(try .init(decoding: element)) }
    }
}

extension SequenceExecution.Answer {
    fileprivate var encoded: JSON {
        .object([
            ("source", .string(source)), ("result", result.map { .string($0.rawValue) }),
            ("status", status.map { .string($0.rawValue) }), ("message", .string(message)), ("data", data),
        ])
    }

    fileprivate init(decoding json: JSON) throws(StoredStateError) {
        let fields = StoredFields(json)
        source = try fields.text("source")
        result = fields["result"] == nil ? nil : try fields.word("result")
        status = fields["status"] == nil ? nil : try fields.word("status")
        message = try fields.text("message")
        data = try fields.value("data")
    }
}

extension SequenceExecution.FinishedTask {
    fileprivate var encoded: JSON {
        .object([
            ("name", .string(name)), ("eventID", .string(eventID)), ("outcome", outcome.encoded),
            ("finishedAt", .integer(finishedAt.nanoseconds)),
        ])
    }

    fileprivate init(decoding json: JSON) throws(StoredStateError) {
        let fields = StoredFields(json)
        name = try fields.text("name")
        eventID = try fields.text("eventID")
        outcome = try .init(decoding: try fields.value("outcome"))
        finishedAt = try fields.time("finishedAt")
    }
}

extension SequenceExecution.Outcome {
    fileprivate var encoded: JSON {
        .object([
            ("result", .string(result.rawValue)), ("status", .string(status.rawValue)), ("message", .string(message)),
        ])
    }

    fileprivate init(decoding json: JSON) throws(StoredStateError) {
        let fields = StoredFields(json)
        result = try fields.word("result")
        status = try fields.word("status")
        message = try fields.text("message")
    }
}

extension SequenceDefinition {
    package var encoded: JSON {
        .object([
            ("name", .string(name)),
            (
                "tasks",
                .array(
                    tasks.map {
                        .object([
                            ("name", .string($0.name)),
                            ("triggeredAfter", $0.triggeredAfter.map { .string($0.go) }),
                            ("properties", $0.properties),
                        ])
                    })
            ),
            (
                "followers",
                .array(
                    followers.map {
                        .object([
                            ("stage", .string($0.stage)), ("sequence", .string($0.sequence)),
                            ("match", .object($0.match.mapValues { .string($0) })),
                        ])
                    })
            ),
        ])
    }

    package init(decoding json: JSON) throws(StoredStateError) {
        let fields = StoredFields(json)
        name = try fields.text("name")
        tasks = []
        followers = []
        for element in try fields.value("tasks").elements {
            let task = StoredFields(element)
            tasks.append(
                Shipyard.Task(
                    name: try task.text("name"),
                    triggeredAfter: task["triggeredAfter"]?.stringValue.flatMap { Duration(go: $0) },
                    properties: task["properties"]))
        }
        for element in try fields.value("followers").elements {
            let follower = StoredFields(element)
            var match: [String: String] = [:]
            for (key, value) in try follower.value("match").members { match[key] = value.stringValue }
            followers.append(
                Follower(stage: try follower.text("stage"), sequence: try follower.text("sequence"), match: match))
        }
    }
}

/// The members of a stored object, read once.
private struct StoredFields {
    private let members: [String: JSON]

    init(_ json: JSON) {
        members = Dictionary(json.members.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
    }

    subscript(field: String) -> JSON? { members[field] }

    func value(_ field: String) throws(StoredStateError) -> JSON {
        guard let value = members[field] else { throw StoredStateError(field: field, found: "nothing") }
        return value
    }

    func text(_ field: String) throws(StoredStateError) -> String {
        let value = try value(field)
        guard let text = value.stringValue else { throw StoredStateError(field: field, found: value.text) }
        return text
    }

    func number(_ field: String) throws(StoredStateError) -> Int {
        let value = try value(field)
        guard let number = value.intValue else { throw StoredStateError(field: field, found: value.text) }
        return number
    }

    func time(_ field: String) throws(StoredStateError) -> Timestamp {
        Timestamp(nanoseconds: Int64(try number(field)))
    }

    func word<Word: RawRepresentable<String>>(_ field: String) throws(StoredStateError) -> Word {
        let text = try text(field)
        guard let word = Word(rawValue: text) else { throw StoredStateError(field: field, found: text) }
        return word
    }
}
