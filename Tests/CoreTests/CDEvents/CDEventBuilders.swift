import CloudEvents
import Core
import KeptnModel

/// The events of one run in the example project, as our control plane writes them.
enum Story {
    static let address = "https://keptn.example.com"
    static let context = "4c8cb7dd-3448-41de-8768-eec704e2829b"
    static let stage = "\(address)/api/controlPlane/v1/project/sockshop/stage/dev"
    static let runURI = "\(address)/api/controlPlane/v1/sequence/sockshop?keptnContext=\(context)"

    static func event(
        _ type: String, id: String = "e1", triggeredID: String? = nil, source: String = "shipyard-controller",
        status: String? = nil, result: String? = nil, message: String? = nil, stage: String? = "dev",
        service: String? = "carts", gitCommitID: String? = nil, _ more: [String: JSON] = [:]
    ) -> CloudEvent {
        let common: [String: String?] = [
            "project": "sockshop", "stage": stage, "service": service, "status": status, "result": result,
            "message": message,
        ]
        let extensions: [String: String?] = [
            "shkeptncontext": context, "triggeredid": triggeredID, "gitcommitid": gitCommitID,
        ]
        return CloudEvent(
            id: id, source: source, type: "sh.keptn.event.\(type)", time: Timestamp(milliseconds: 1_700_000_000_123),
            dataContentType: "application/json", extensions: extensions.compactMapValues { $0.map { .string($0) } },
            data: .json(.object(common.compactMapValues { $0.map { .string($0) } }.merging(more) { $1 })))
    }

    static func done(_ type: String, _ more: [String: JSON] = [:]) -> CloudEvent {
        event(type, triggeredID: "t1", status: "succeeded", result: "pass", more)
    }

    static func inCDEvents(_ event: CloudEvent, after run: [CloudEvent] = [], previous: String? = nil) -> [CloudEvent] {
        CDEvents.events(
            for: event, in: CDEvents.Surroundings(address: address, run: run, previousImage: previous))
    }
}
