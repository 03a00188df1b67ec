import CloudEvents
import ConfigurationService
import Core
import KeptnModel
import Ports
import Testing
import WebhookService

@Suite("webhook-service", .timeLimit(.minutes(5)))
struct WebhookServiceTests {
    private static let one = """
            - type: sh.keptn.event.mytask.triggered
              subscriptionID: s1
              sendFinished: true
              envFrom: [{name: token, secretRef: {name: mine, key: k}}]
              requests:
                - url: https://tool.example.com/{{.data.project}}
                  method: POST
                  headers: [{key: x-token, value: "{{.env.token}}"}]
                  payload: '{{.shkeptncontext}} {{.data.temporaryData.distributor.subscriptionID}}'

        """

    private static func secret(_ bench: WebhookBench, scope: String = "keptn-webhook-service") async throws {
        try await bench.secrets.save(["k": "s3cret"], as: SecretName("mine", scope: scope))
    }

    @Test("A task is started, its request is made, and it is finished with the answer")
    func task() async throws {
        let seen = StartedBefore()
        let bench = try await WebhookBench { _ in
            await seen.look()
            return .answered(status: 200, body: #"{"echo":"s3cret"}"#)
        }
        await seen.watch(bench.store)
        try await Self.secret(bench)
        try await bench.write(Self.one)
        try await bench.store.append([WebhookBench.event("before")])
        try await bench.subscribe("s1")
        try await bench.run {
            try await bench.store.append([WebhookBench.event("1")])
            let request = try #require(await bench.next(1).first)
            #expect(request.target.url == "https://tool.example.com/sockshop")
            #expect(request.body == "run s1")
            #expect(request.headers.contains(.init(name: "x-token", value: "s3cret")))
            #expect(!request.headers.contains { $0.name == "Keptn-Repeated" })
            let finished = try #require(try await bench.events("mytask.finished", 1).first)
            #expect(finished.triggeredID == "1")
            #expect(finished.source == "webhook-service")
            #expect(finished.keptnData?.result == "pass")
            #expect(finished.json?["mytask", "responses"] == [["echo": "***"]])
            let started = try await bench.events("mytask.started", 1)
            #expect(started.map(\.triggeredID) == ["1"])
        }
        #expect(await seen.wasStarted, "the tool may answer at once")
    }

    @Test("Subscriptions that hear the same event each do their own")
    func overlapping() async throws {
        let bench = try await WebhookBench()
        let both = ["s1", "s2"].map { id in
            """
                - type: sh.keptn.event.mytask.triggered
                  subscriptionID: \(id)
                  sendFinished: true
                  requests: [{url: "https://\(id).example.com/", method: GET}]

            """
        }
        try await bench.write(both.joined())
        for id in ["s1", "s2"] { try await bench.subscribe(id) }
        try await bench.run {
            try await bench.store.append([WebhookBench.event("1")])
            #expect(await Set(bench.next(2).map(\.target.host)) == ["s1.example.com", "s2.example.com"])
            #expect(try await Set(bench.events("mytask.finished", 2).map(\.id)).count == 2)
            #expect(try await Set(bench.events("mytask.started", 2).map(\.id)).count == 2)
        }
    }

    @Test("The service's file comes before the stage's, and that before the project's")
    func levels() async throws {
        let bench = try await WebhookBench()
        func file(_ id: String, _ host: String) -> String {
            """
                - type: t
                  subscriptionID: \(id)
                  requests: [{url: "https://\(host).example.com/", method: GET}]

            """
        }
        try await bench.write(file("s1", "service"))
        try await bench.write(file("s1", "stage") + file("s2", "stage"), at: dev)
        try await bench.write(file("s2", "project") + file("s3", "project"), at: sockshop)
        for id in ["s1", "s2", "s3"] { try await bench.subscribe(id, to: "sh.keptn.event.mytask.\(id)") }
        try await bench.run {
            for (id, host) in [("s1", "service"), ("s2", "stage"), ("s3", "project")] {
                try await bench.store.append([WebhookBench.event(id, "mytask.\(id)")])
                #expect(await bench.next(1).map(\.target.host) == ["\(host).example.com"])
            }
        }
    }

    @Test("Without a file, with a broken one, or without its secret, the task fails and the log says why")
    func failures() async throws {
        let bench = try await WebhookBench()
        try await bench.subscribe("s1")
        try await bench.run {
            for (number, reason) in [
                "could not retrieve Webhook config: no valid webhook config found",
                "could not retrieve Webhook config: sockshop/dev/carts/webhook/webhook.yaml:1:1",
                "could not read secret mine.k",
            ].enumerated() {
                if number == 1 {
                    try await bench.commitPastKeptn("nonsense")
                }
                if number == 2 {
                    // Where others may read it, but no webhook.
                    try await Self.secret(bench, scope: "keptn-default")
                    try await bench.write(Self.one)
                }
                try await bench.store.append([WebhookBench.event("\(number)", of: "run\(number)")])
                let finished = try await bench.events("mytask.finished", number + 1)[number]
                #expect(finished.keptnData?.status == "errored")
                #expect(finished.json?["message"]?.stringValue?.hasPrefix(reason) == true, "\(finished)")
                #expect(try await bench.events("mytask.started", number + 1).count == number + 1)
            }
            let lines = try await bench.uniform.entries(LogQuery()).entries
            #expect(lines.map(\.integrationID) == ["webhooks", "webhooks", "webhooks"])
            #expect(lines.first?.message == "could not read secret mine.k")
            #expect(lines.first?.task == "mytask")
        }
    }

    @Test("What was under way at the end is done again in the next life, says so, and is answered once")
    func restart() async throws {
        let first = try await WebhookBench { _ in
            while true { try await ContinuousClock().sleep(for: .seconds(3600)) }
        }
        try await Self.secret(first)
        try await first.write(Self.one)
        try await first.subscribe("s1")
        try await first.run {
            try await first.store.append([WebhookBench.event("1")])
            #expect(await first.next(1).count == 1)
        }
        let second = try await WebhookBench(after: first)
        try await Self.secret(second)
        try await second.run {
            let request = try #require(await second.next(1).first)
            #expect(request.headers.contains(.init(name: "Keptn-Repeated", value: "true")))
            #expect(try await second.events("mytask.finished", 1).count == 1)
            #expect(try await second.events("mytask.started", 1).count == 1, "it has the same id in both lives")
        }
    }

    @Test("A subscription that was taken away hears nothing more, the others go on")
    func removed() async throws {
        let bench = try await WebhookBench()
        try await Self.secret(bench)
        try await bench.write(Self.one)
        for (id, task) in [("s1", "mytask"), ("s2", "other")] {
            try await bench.subscribe(id, to: "sh.keptn.event.\(task).triggered")
        }
        try await bench.run {
            try await bench.store.append([WebhookBench.event("1")])
            #expect(try await bench.events("mytask.finished", 1).map(\.triggeredID) == ["1"])
        }
        try await bench.uniform.change { $0.unsubscribe("webhooks", from: "s1") }
        try await bench.service.subscriptionsChanged()
        try await bench.run {
            try await bench.store.append([
                WebhookBench.event("2", of: "b"), WebhookBench.event("3", "other.triggered", of: "c"),
            ])
            #expect(try await bench.events("other.finished", 1).map(\.triggeredID) == ["3"])
        }
        #expect(try await bench.events("mytask.finished", 1).map(\.triggeredID) == ["1"])
    }
}

/// Whether the task was known to be started when its request was made.
private actor StartedBefore {
    private var store: InMemoryStore?
    private(set) var wasStarted = false

    func watch(_ store: InMemoryStore) { self.store = store }

    func look() async {
        let events = try? await store?.events(after: .start, limit: 100)
        wasStarted = events?.contains { $0.event.type == "sh.keptn.event.mytask.started" } ?? false
    }
}
