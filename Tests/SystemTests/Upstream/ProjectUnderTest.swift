import CloudEvents
import Foundation
import Ports
import RemoteClients
import Subprocess
import Testing

/// The project `shop` with the service `cart` on a server of its own, and an executor that does what a test says.
struct ProjectUnderTest: Sendable {
    let server: ServerOverHTTP
    static let name = "shop"

    /// Starts a server with the project, and ends it after the body.
    static func with(
        shipyard: String, arguments: [String] = [], _ body: @Sendable @escaping (ProjectUnderTest) async throws -> Void
    ) async throws {
        try await KeptnProcess.withHome { keptn in
            let ended = try await keptn.withServer(arguments) { keptn in
                let project = ProjectUnderTest(server: try ServerOverHTTP(keptn))
                try await project.create(shipyard: shipyard)
                try await body(project)
                return .gracefully
            }
            #expect(ended.isSuccess)
        }
    }

    func create(shipyard: String) async throws {
        let body: JSON = ["name": .string(Self.name), "shipyard": .string(Base64.encode(shipyard.utf8))]
        let made = try await server.send("POST", "/controlPlane/v1/project", body)
        try #require(made.status == 201, "\(made.json)")
        let service = try await server.send(
            "POST", "/controlPlane/v1/project/\(Self.name)/service", ["serviceName": "cart"])
        try #require(service.status == 200, "\(service.json)")
    }

    /// Triggers a sequence, and gives its Keptn context.
    func trigger(
        _ sequence: String, in stage: String = "dev", of service: String = "cart", data: JSON = [:]
    ) async throws -> String {
        var payload: JSON = [
            "project": .string(Self.name), "stage": .string(stage), "service": .string(service),
        ]
        for (key, value) in data.members { payload = payload.setting(key, to: value) }
        return try await send("\(stage).\(sequence).triggered", payload)
    }

    /// Posts an event of this short type, and gives its Keptn context.
    @discardableResult
    func send(_ type: String, _ data: JSON, answering triggered: JSON? = nil, source: String = "test") async throws
        -> String
    {
        let answer = try await post(type, data, answering: triggered, source: source)
        try #require(answer.status == 200, "\(type): \(answer.json)")
        return try #require(answer.json["keptnContext"]?.stringValue)
    }

    func post(
        _ type: String, _ data: JSON, answering triggered: JSON? = nil, source: String = "test"
    ) async throws -> (status: Int, json: JSON) {
        var event: JSON = [
            "specversion": "1.0", "contenttype": "application/json", "source": .string(source),
            "type": .string("sh.keptn.event." + type), "data": data,
        ]
        if let triggered {
            event = event.setting("shkeptncontext", to: triggered["shkeptncontext"])
                .setting("triggeredid", to: triggered["id"])
        }
        return try await server.send("POST", "/v1/event", event)
    }

    // MARK: What an executor does

    /// Waits until a task of the context is triggered, and gives the event; one already seen does not count.
    func task(
        _ name: String, in stage: String = "dev", of context: String, after earlier: JSON? = nil
    ) async throws -> JSON {
        var found: JSON?
        try await KeptnProcess.eventually("\(stage) \(name) of \(context) is triggered") {
            found = try await latest("\(name).triggered", in: stage, of: context)
            return found != nil && found?["id"] != earlier?["id"]
        }
        return try #require(found)
    }

    /// The newest event of a short type in a stage of the context.
    func latest(_ type: String, in stage: String = "dev", of context: String) async throws -> JSON? {
        let query = "type=sh.keptn.event.\(type)&keptnContext=\(context)&project=\(Self.name)&stage=\(stage)"
        let answer = try await server.send("GET", "/mongodb-datastore/event?\(query)")
        try #require(answer.status == 200, "\(answer.json)")
        return answer.json["events"]?.elements.first
    }

    func start(_ task: JSON, source: String = "test") async throws {
        try await answer(task, "started", [:], source: source)
    }

    func finish(
        _ task: JSON, result: String = "pass", status: String = "succeeded", data: JSON = [:], source: String = "test"
    ) async throws {
        try await answer(
            task, "finished", data.setting("result", to: .string(result)).setting("status", to: .string(status)),
            source: source)
    }

    /// Starts and finishes a task as soon as it is triggered.
    @discardableResult
    func run(
        _ name: String, in stage: String = "dev", of context: String, result: String = "pass",
        after earlier: JSON? = nil
    ) async throws -> JSON {
        let triggered = try await task(name, in: stage, of: context, after: earlier)
        try await start(triggered)
        try await finish(triggered, result: result)
        return triggered
    }

    private func answer(_ task: JSON, _ end: String, _ data: JSON, source: String) async throws {
        let name = try #require(task["type"]?.stringValue).split(separator: ".").dropFirst(3).first.map(String.init)
        var payload = data
        for key in ["project", "stage", "service"] { payload = payload.setting(key, to: task["data", key]) }
        try await send("\(try #require(name)).\(end)", payload, answering: task, source: source)
    }

    // MARK: What a user does and sees

    func control(_ context: String, _ state: String, stage: String = "") async throws {
        let answer = try await server.send(
            "POST", "/controlPlane/v1/sequence/\(Self.name)/\(context)/control",
            ["state": .string(state), "stage": .string(stage)])
        try #require(answer.status == 200, "\(answer.json)")
    }

    /// Waits until the sequence of the context is in a state.
    func becomes(_ state: String, _ context: String) async throws {
        try await KeptnProcess.eventually("\(context) is \(state)") {
            try await states(context).first?["state"]?.stringValue == state
        }
    }

    /// The states of these contexts, several separated by commas; of all without any.
    func states(_ contexts: String? = nil) async throws -> [JSON] {
        let query = contexts.map { "?keptnContext=\($0)" } ?? ""
        let answer = try await server.send("GET", "/controlPlane/v1/sequence/\(Self.name)\(query)")
        try #require(answer.status == 200, "\(answer.json)")
        let states = answer.json["states"]?.elements ?? []
        #expect(answer.json["totalCount"]?.intValue == states.count)
        return states
    }

    /// The newest event of every stage of the context, by stage.
    func stages(_ context: String) async throws -> [String: String] {
        let stages = try await states(context).first?["stages"]?.elements ?? []
        return Dictionary(
            stages.map { ($0["name"]?.stringValue ?? "", $0["latestEvent", "type"]?.stringValue ?? "") },
            uniquingKeysWith: { _, last in last })
    }

    /// Waits until the stages of the context show these newest events, given as short types.
    func show(_ expected: [String: String], _ context: String) async throws {
        let full = expected.mapValues { "sh.keptn.event." + $0 }
        try await KeptnProcess.eventually("the stages are \(expected)") {
            try await stages(context) == full
        }
    }

    /// The requests for a task that nobody has finished.
    func open(_ task: String) async throws -> [JSON] {
        let answer = try await server.send(
            "GET", "/controlPlane/v1/event/triggered/sh.keptn.event.\(task).triggered?project=\(Self.name)")
        try #require(answer.status == 200, "\(answer.json)")
        return answer.json["events"]?.elements ?? []
    }
}
