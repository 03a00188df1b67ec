package import CloudEvents
import Core
import KeptnModel
package import Ports

/// The door for events: whatever comes becomes one canonical Keptn event, is checked, and is on the disk before the
/// sender hears of success (K §2.2).
package struct EventBroker: EventIntake {
    private let log: any EventLog
    let queries: any EventQueries
    let sequences: any SequenceStore
    let configuration: any Configuration
    let time: any TimeSource
    private let ids: any IDSource
    package let bytesMax: Int

    package static let defaultSource = "https://github.com/keptn/keptn/api"

    package init(
        log: any EventLog, queries: any EventQueries, sequences: any SequenceStore, configuration: any Configuration,
        time: any TimeSource, ids: any IDSource, bytesMax: Int = 1 << 20
    ) {
        self.log = log
        self.queries = queries
        self.sequences = sequences
        self.configuration = configuration
        self.time = time
        self.ids = ids
        self.bytesMax = bytesMax
    }

    /// Takes the events of one HTTP message and says what it took, in their order. All are appended or none.
    ///
    /// Throws `CloudEventError` for what is no event, `KeptnError.invalidInput` for an event that must not come from
    /// outside or lacks something, `.forbidden` for a project that is not the caller's, `.notFound` naming an unknown
    /// project, stage or service, `.conflict` for an answer to an approval that is not open (any more).
    package func accept(_ message: CloudEvent.HTTPMessage, from caller: Caller) async throws -> [AcceptedEvent] {
        let received = try Self.read(message)
        let events = try received.map(complete)
        var canonical: [CloudEvent] = []
        var accepted: [AcceptedEvent] = []
        for (json, event) in zip(received, events) {
            let isOldType = Legacy.understands(event)
            let project = isOldType ? Legacy.place(of: event).project : event.keptnData?.project
            try caller.require(project: project)
            if isOldType {
                canonical += try await translated(event)
            } else {
                try await check(event)
                canonical.append(try await admit(event, from: caller, after: canonical))
            }
            accepted.append(
                AcceptedEvent(
                    context: event.keptnContext ?? "", project: project,
                    isOld: json["specversion"]?.stringValue == Legacy.version.rawValue))
        }
        try await log.append(canonical)
        return accepted
    }

    // MARK: - Reading

    private static func read(_ message: CloudEvent.HTTPMessage) throws(CloudEventError) -> [JSON] {
        switch CloudEvent.mode(of: message) {
        case .binary?: return [try CloudEvent(binary: message).structured]
        case .batched?:
            let batch = try parse(message.body)
            guard batch.kind == .array else { throw .wrongShape("a batch has to be a JSON array") }
            return batch.elements
        case .structured?: return [try parse(message.body)]
        case nil:
            let type = (message.contentType ?? "application/json").prefix { $0 != ";" }.lowercased()
            guard type == "application/json" else { throw .unsupportedContentType(message.contentType ?? "") }
            return [try parse(message.body)]
        }
    }

    private static func parse(_ bytes: [UInt8]) throws(CloudEventError) -> JSON {
        do { return try JSON(parsing: bytes) } catch { throw .notJSON(error) }
    }

    /// Fills in what Keptn's clients leave out, and settles the context.
    private func complete(_ json: JSON) throws(CloudEventError) -> CloudEvent {
        guard json.kind == .object else {
            throw .wrongShape("an event has to be a JSON object; this is a JSON \(json.kind.rawValue)")
        }
        var json = json
        func fill(_ key: String, _ value: @autoclosure () -> String) {
            if (json[key] ?? .null).isNull || json[key]?.stringValue == "" {
                json = json.setting(key, to: .string(value()))
            }
        }
        fill("specversion", "1.0")
        fill("id", ids.newID())
        fill("source", Self.defaultSource)
        if json["time"]?.stringValue?.hasPrefix("0001-01-01") ?? true {
            json = json.setting("time", to: .string(time.now.rfc3339))
        }
        var event = try CloudEvent(structured: json)
        event.dataContentType = event.dataContentType ?? "application/json"
        event.extensions["extensions"] = nil
        event.keptnContext = context(event.keptnContext ?? "")
        if event[CloudEvent.KeptnExtension.specVersion] == nil {
            event[CloudEvent.KeptnExtension.specVersion] = CloudEvent.keptnSpecVersion
        }
        return event
    }

    /// Empty: a new one; a UUID stays; any other text becomes the UUID of its first 16 bytes, blank-padded (K §2.2).
    private func context(_ given: String) -> String {
        if given.isEmpty { return ids.newID() }
        return Self.isUUID(given) ? given : Self.uuid(of: given)
    }

    private static func isUUID(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return bytes.count == 36
            && bytes.enumerated().allSatisfy { index, byte in
                [8, 13, 18, 23].contains(index)
                    ? byte == UInt8(ascii: "-")
                    : (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte | 0x20)
            }
    }

    private static func uuid(of text: String) -> String {
        let bytes = Array(text.utf8.prefix(16)) + repeatElement(0x20, count: max(0, 16 - text.utf8.count))
        let digits = Array("0123456789abcdef".utf8)
        var out: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(index) { out.append(UInt8(ascii: "-")) }
            out += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
        return String(decoding: out, as: UTF8.self)
    }

    // MARK: - Checking

    /// Types that Keptn accepts without a look inside.
    private static let alwaysAccepted: Set<String> = ["sh.keptn.log.error", "sh.keptn.events.problem"]

    func check(_ event: CloudEvent) async throws {
        guard !Self.alwaysAccepted.contains(event.type) else { return }
        guard let data = event.keptnData else {
            throw KeptnError(.invalidInput, "event \(event.type): 'data' has to be a JSON object")
        }
        if event.type == "sh.keptn.event.monitoring.configure" {
            guard data.project != nil, event.json?["type"]?.stringValue != nil else {
                throw KeptnError(.invalidInput, "event \(event.type) needs data.project and data.type")
            }
            return
        }
        switch event.eventType {
        case .sequence(let stage, _, .triggered)?:
            guard let scope = data.scope else { throw Self.missingPlace(event) }
            guard scope.stage == stage else {
                throw KeptnError(
                    .invalidInput, "event \(event.type): data.stage is '\(scope.stage)', the type says '\(stage)'")
            }
            try await requirePlace(scope)
        case .task(_, let kind)? where kind == .started || kind == .finished:
            guard event.triggeredID?.isEmpty == false else {
                throw KeptnError(.invalidInput, "event \(event.type) needs the attribute 'triggeredid'")
            }
            if kind == .finished { try Self.requireVerdict(event, data) }
        case .task(_, .statusChanged)?, .task(_, .invalidated)?:
            return
        default:
            throw KeptnError(
                .invalidInput,
                "unknown event type '\(event.type)': accepted are sh.keptn.event.STAGE.SEQUENCE.triggered and "
                    + "sh.keptn.event.TASK.(started|status.changed|finished|invalidated)")
        }
    }

    private static func missingPlace(_ event: CloudEvent) -> KeptnError {
        KeptnError(.invalidInput, "event \(event.type) needs data.project, data.stage and data.service")
    }

    private static func requireVerdict(_ event: CloudEvent, _ data: KeptnData) throws {
        guard let result = data.result, let status = data.status else {
            throw KeptnError(.invalidInput, "event \(event.type) needs data.result and data.status")
        }
        guard KeptnResult(rawValue: result) != nil else {
            throw KeptnError(
                .invalidInput, "event \(event.type): data.result is '\(result)'; pass, warning or fail is needed")
        }
        guard KeptnStatus(rawValue: status) != nil else {
            throw KeptnError(
                .invalidInput,
                "event \(event.type): data.status is '\(status)'; succeeded, errored, unknown or aborted is needed")
        }
    }

    private func requirePlace(_ scope: Scope) async throws {
        guard try await configuration.hasService(scope) else {
            throw KeptnError(
                .notFound, "service \(scope.service) not found in stage \(scope.stage) of project \(scope.project)")
        }
    }
}
