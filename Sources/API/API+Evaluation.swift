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
                let scope = try await givenScope(request)
                let body = try await object(request)
                let window: EvaluationWindow
                do {
                    window = try EvaluationWindow(request: body, now: parts.time.now)
                } catch {
                    throw KeptnError(.invalidInput, "\(error)")
                }
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

    /// The place that a request names. One that does not exist is a wrong request here (K §2.3.7).
    private func givenScope(_ request: APIRequest) async throws -> Scope {
        do {
            return try await knownScope(request)
        } catch let error as KeptnError where error.code == .notFound {
            throw KeptnError(.invalidInput, error.message)
        }
    }
}
