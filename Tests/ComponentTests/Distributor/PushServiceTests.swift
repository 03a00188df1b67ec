import CloudEvents
import Core
import Distributor
import Ports
import Testing

@Suite("Push subscriptions", .timeLimit(.minutes(5)))
struct PushServiceTests {
    @Test(
        "Events of a run are posted in their order, as the subscription wants them",
        arguments: PushSubscription.Mode.allCases)
    func order(mode: PushSubscription.Mode) async throws {
        let bench = PushBench()
        try await bench.store.append([PushBench.event("before")])
        try await bench.service.keep(PushBench.subscription(mode: mode))
        try await bench.run {
            try await bench.store.append((1...5).map { PushBench.event("\($0)") })
            let posts = await bench.next(5)
            let events = try posts.flatMap { post in
                try CloudEvent.events(
                    in: .init(
                        contentType: post.headers["content-type"],
                        headers: post.headers.map { ($0.key, $0.value) }, body: post.body))
            }
            #expect(events == (1...5).map { PushBench.event("\($0)") })
            #expect(posts.allSatisfy { $0.url == PushBench.url && $0.headers["keptn-subscription"] == "audit" })
            #expect(posts.allSatisfy { $0.headers["keptn-repeated"] == nil })
        }
    }

    @Test("What is not taken comes again after a while and says so, and holds up its own run only")
    func again() async throws {
        let bench = PushBench { request, _ in
            let event = try CloudEvent(structured: request.body)
            let isRefused = event.id == "a1" && request.headers["keptn-repeated"] == nil
            return IncomingResponse(status: isRefused ? 503 : 200, headers: ["retry-after": "7"])
        }
        try await bench.service.keep(PushBench.subscription())
        try await bench.run {
            try await bench.store.append([PushBench.event("a1", of: "a"), PushBench.event("a2", of: "a")])
            #expect(try await PushBench.ids(bench.next(1)) == ["a1"])
            try await bench.store.append([PushBench.event("b1", of: "b")])
            #expect(try await PushBench.ids(bench.next(1)) == ["b1"])
            try await bench.time.waitForSleepers()
            #expect(try await bench.service.statuses().first?.subscription.name == "audit")
            #expect(bench.time.nextWake == bench.time.now + .seconds(7))
            bench.time.advance(by: .seconds(7))
            #expect(try await PushBench.ids(bench.next(2)) == ["a1", "a2"])
        }
    }

    @Test("What is refused for good is kept, does not hold up the rest, and can be replayed")
    func failures() async throws {
        let bench = PushBench { request, number in
            let isBad = try CloudEvent(structured: request.body).id.hasPrefix("bad") && number <= 3
            return IncomingResponse(status: isBad ? 404 : 200)
        }
        try await bench.service.keep(PushBench.subscription())
        try await bench.run {
            try await bench.store.append(["bad1", "bad2", "good"].map { PushBench.event($0) })
            #expect(try await PushBench.ids(bench.next(3)) == ["bad1", "bad2", "good"])
            let page = try await bench.service.failures(of: "audit", offset: 0, limit: 9)
            #expect(page.failures.map(\.recorded.event.id) == ["bad1", "bad2"])
            #expect(page.failures.allSatisfy { $0.reason == "it answered 404" && $0.attempts == 1 })
            #expect(try await bench.service.statuses().map(\.failures) == [2])

            let second = try #require(page.failures.last?.recorded.position)
            #expect(try await bench.service.replay("audit", [second]) == 1)
            let replayed = await bench.next(1)
            #expect(try PushBench.ids(replayed) == ["bad2"])
            #expect(replayed.map { $0.headers["keptn-repeated"] } == ["true"])
            #expect(try await bench.service.replay("audit", nil) >= 1)
            #expect(try await PushBench.ids(bench.next(1)) == ["bad1"])
        }
        // Both were posted; what a stop kept from being noted is replayed once more by the next life.
        let left = try await bench.service.failures(of: nil, offset: 0, limit: 9)
        #expect(left.total <= 1)
    }

    @Test("An endpoint that is never there is given up for an event, after all attempts")
    func givenUp() async throws {
        let bench = PushBench { _, _ in throw RequestFailure(.unreachable, "nobody there") }
        try await bench.service.keep(PushBench.subscription())
        try await bench.run {
            try await bench.store.append([PushBench.event("1")])
            for attempt in 1...PushRetry().attemptsMax {
                #expect(try await PushBench.ids(bench.next(1)) == ["1"])
                guard attempt < PushRetry().attemptsMax else { break }
                try await bench.time.waitForSleepers()
                bench.time.advance(by: .seconds(60))
            }
            try await bench.store.append([PushBench.event("2")])
            #expect(try await PushBench.ids(bench.next(1)) == ["2"])
            let page = try await bench.service.failures(of: nil, offset: 0, limit: 9)
            #expect(page.failures.map(\.reason) == ["nobody there, at the last of 8 attempts"])
        }
    }

    @Test("A secret's value goes along; while there is none the event waits for it")
    func credential() async throws {
        let bench = PushBench()
        var subscription = PushBench.subscription()
        subscription.credential = .init(secret: "audit", key: "token")
        try await bench.service.keep(subscription)
        try await bench.run {
            try await bench.store.append([PushBench.event("1")])
            try await bench.time.waitForSleepers()
            #expect(
                try await bench.service.statuses().map(\.trouble) == [
                    "there is no secret 'audit' with the key 'token' in scope keptn-webhook-service"
                ])
            try await bench.secrets.save(
                ["token": "abc"], as: SecretName("audit", scope: "keptn-webhook-service"))
            bench.time.advance(by: .seconds(1))
            #expect(await bench.next(1).map { $0.headers["authorization"] } == ["Bearer abc"])
        }
    }

    @Test("An endpoint that names a time is asked again at that time")
    func retryAfterTime() async throws {
        let bench = PushBench { _, number in
            number > 1
                ? IncomingResponse(status: 200)
                : IncomingResponse(status: 503, headers: ["retry-after": "Tue, 14 Nov 2023 22:14:20 GMT"])
        }
        try await bench.service.keep(PushBench.subscription())
        try await bench.run {
            try await bench.store.append([PushBench.event("1")])
            _ = await bench.next(1)
            try await bench.time.waitForSleepers()
            let due = try #require(Timestamp(rfc3339: "2023-11-14T22:14:20Z"))
            #expect(bench.time.nextWake == due)
            bench.time.advance(by: due - bench.time.now)
            #expect(try await PushBench.ids(bench.next(1)) == ["1"])
        }
    }

    @Test("After a restart what was on its way comes again, and says so")
    func restart() async throws {
        let first = PushBench { _, _ in IncomingResponse(status: 500) }
        try await first.service.keep(PushBench.subscription())
        try await first.run {
            try await first.store.append([PushBench.event("1")])
            #expect(try await PushBench.ids(first.next(1)) == ["1"])
        }
        let second = PushBench(first.store, first.pushes)
        try await second.run {
            let posts = await second.next(1)
            let ids = try PushBench.ids(posts)
            #expect(ids == ["1"])
            #expect(posts.first?.headers["keptn-repeated"] == "true")
        }
    }

    @Test("A change takes effect while it runs, and loses nothing; an end is an end")
    func changes() async throws {
        let bench = PushBench()
        try await bench.service.keep(PushBench.subscription())
        try await bench.run {
            try await bench.store.append([PushBench.event("1")])
            #expect(await bench.next(1).map(\.url) == [PushBench.url])
            try await bench.service.keep(PushBench.subscription(url: "http://other/"))
            var seen: Set<String> = []
            var number = 1
            var url = ""
            // What is on its way when the change comes may still go to the old address, and then to the new one.
            while url != "http://other/" {
                number += 1
                try await bench.store.append([PushBench.event("\(number)")])
                while !seen.contains("\(number)") {
                    let posts = await bench.next(1)
                    seen.formUnion(try PushBench.ids(posts))
                    url = posts.last?.url ?? ""
                }
            }
            #expect(seen.isSuperset(of: (2...number).map(String.init)))
            #expect(try await bench.service.statuses().count == 1)
        }
        #expect(try await bench.service.remove("audit"))
        #expect(try await !bench.service.remove("audit"))
        #expect(try await bench.service.statuses().isEmpty)

        try await bench.store.append([PushBench.event("missed")])
        var anew = PushBench.subscription("anew")
        anew.id = "id-anew"
        try await bench.service.keep(anew)
        try await bench.run {
            try await bench.store.append([PushBench.event("heard")])
            let ids = try await PushBench.ids(bench.next(1))
            #expect(ids == ["heard"])
        }
    }
}
