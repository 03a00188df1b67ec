import CloudEvents
import Core
import HTTPTypes
import KeptnModel
import Ports

extension API {
    /// Triggering an evaluation for a window of time (K §2.3.7).
    var evaluationRoutes: [HTTPRoute] {
        let service = "/api/controlPlane/v1/project/{project}/stage/{stage}/service/{service}"
        return [
            HTTPRoute(.post, service + "/evaluation") { request in
                let scope = try await knownScope(request)
                let body = try await object(request)
                let window = try Self.window(body, now: parts.time.now)
                let type = EventType.sequence(stage: scope.stage, name: "evaluation", kind: .triggered)
                let commit = body["gitcommitid"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
                let event = CloudEvent(
                    keptn: type, id: parts.ids.newID(), source: "https://github.com/keptn/keptn/api",
                    time: parts.time.now, context: parts.ids.newID(), gitCommitID: commit,
                    data: [
                        "project": .string(scope.project), "stage": .string(scope.stage),
                        "service": .string(scope.service),
                        "labels": body["labels"].flatMap { $0.kind == .object ? $0 : nil },
                        "evaluation": [
                            "start": .string(window.start.rfc3339), "end": .string(window.end.rfc3339),
                        ],
                    ])
                try await parts.store.append([event])
                return .json(["keptnContext": .string(event.keptnContext ?? "")])
            }
        ]
    }

    private static func window(_ body: JSON, now: Timestamp) throws -> (start: Timestamp, end: Timestamp) {
        func text(_ name: String) -> String? { body[name]?.stringValue.flatMap { $0.isEmpty ? nil : $0 } }
        func time(_ name: String) throws -> Timestamp? {
            guard let text = text(name) else { return nil }
            guard let time = Timestamp(rfc3339: text) else {
                throw KeptnError(.invalidInput, "\(name) is '\(text)'; a time such as 2026-01-31T12:00:00Z is needed")
            }
            return time
        }
        var length: Duration?
        if let given = text("timeframe") {
            guard let duration = Duration(go: given) else {
                throw KeptnError(.invalidInput, "timeframe is '\(given)'; a duration such as 5m is needed")
            }
            length = duration
        }
        let (start, end) = (try time("start"), try time("end"))
        let window: (start: Timestamp, end: Timestamp)
        switch (start, end, length) {
        case (_, _?, _?): throw KeptnError(.invalidInput, "'end' and 'timeframe' are mutually exclusive")
        case (nil, _?, _): throw KeptnError(.invalidInput, "'end' cannot be set without 'start'")
        case (_?, nil, nil): throw KeptnError(.invalidInput, "'start' needs 'end' or 'timeframe'")
        case (let start?, let end?, nil): window = (start, end)
        case (let start?, nil, let length?): window = (start, start + length)
        case (nil, nil, let length): window = (now - (length ?? .seconds(300)), now)
        }
        guard window.end - window.start >= .seconds(60) else {
            throw KeptnError(.invalidInput, "the window from \(window.start) to \(window.end) is shorter than one minute")
        }
        return window
    }
}
