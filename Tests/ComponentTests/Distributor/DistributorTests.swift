import CloudEvents
import Distributor
import KeptnModel
import Logging
import Ports
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(5))) struct DistributorTests {
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func distributor(_ store: InMemoryStore) -> Distributor { Distributor(store: store, logger: logger) }

    private func event(_ id: String, _ type: String = "test.triggered", project: String = "sockshop") -> CloudEvent {
        CloudEvent(
            id: id, source: "test", type: "sh.keptn.event.\(type)", dataContentType: "application/json",
            data: .json(["project": .string(project), "stage": "dev", "service": "carts"]))
    }

    private func request(_ name: String = "executor", window: Int = 256) -> SubscriptionRequest {
        SubscriptionRequest(name: name, patterns: ["sh.keptn.event.test.triggered"], window: window)
    }

    private func ids(_ deliveries: [Delivery]) -> [String] { deliveries.map(\.event.id) }

    @Test("Events of interest come in their order")
    func order() async throws {
        let store = InMemoryStore()
        var request = request()
        request.projects = ["sockshop"]
        let subscription = try await distributor(store).open(request)
        try await store.append([
            event("1"), event("2", "test.finished"), event("3", project: "other"), event("4"), event("5"),
        ])
        #expect(ids(try await subscription.next(upTo: 2)) == ["1", "4"])
        #expect(ids(try await subscription.next(upTo: 2)) == ["5"])
    }

    @Test("A new subscription begins behind the newest event, and stays there over a restart")
    func beginning() async throws {
        let store = InMemoryStore()
        try await store.append([event("before")])
        _ = try await distributor(store).open(request())
        try await store.append([event("after")])
        let subscription = try await distributor(store).open(request())
        #expect(ids(try await subscription.next(upTo: 9)) == ["after"])
    }

    @Test("After a crash the unsettled deliveries come first, the settled ones never")
    func crash() async throws {
        let store = InMemoryStore()
        let first = try await distributor(store).open(request())
        try await store.append((1...6).map { event("\($0)") })
        let deliveries = try await first.next(upTo: 4)
        try await first.settle([deliveries[0].position, deliveries[2].position], sending: [])
        let second = try await distributor(store).open(request())
        #expect(ids(try await second.next(upTo: 9)) == ["2", "4"])
        #expect(ids(try await second.next(upTo: 9)) == ["5", "6"])
    }

    @Test("What may have been handed out before a crash says so")
    func repeated() async throws {
        let store = InMemoryStore()
        let first = try await distributor(store).open(request())
        try await store.append((1...4).map { event("\($0)") })
        let deliveries = try await first.next(upTo: 2) + first.next(upTo: 1)
        #expect(deliveries.map(\.isRepeated) == [false, false, false])
        try await first.settle([deliveries[0].position], sending: [])
        let second = try await distributor(store).open(request())
        try await store.append([event("5")])
        // That nobody had 4 is not stored; nobody can have had 5.
        let again = try await second.next(upTo: 9) + second.next(upTo: 9)
        #expect(ids(again) == ["2", "3", "4", "5"])
        #expect(again.map(\.isRepeated) == [true, true, true, false])
    }

    @Test("Events and progress are stored together or not at all")
    func together() async throws {
        struct Crash: Error {}
        let isBroken = Mutex(false)
        let transactions = Mutex<[Transaction]>([])
        let store = InMemoryStore(beforeCommit: { transaction in
            if isBroken.withLock({ $0 }) { throw Crash() }
            transactions.withLock { $0.append(transaction) }
        })
        let subscription = try await distributor(store).open(request())
        try await store.append([event("1")])
        let delivery = try #require(try await subscription.next(upTo: 1).first)
        isBroken.withLock { $0 = true }
        await #expect(throws: Crash.self) {
            try await subscription.settle([delivery.position], sending: [event("answer", "test.finished")])
        }
        #expect(try await store.progress(of: "executor")?.position == .start)
        isBroken.withLock { $0 = false }
        try await subscription.settle([delivery.position], sending: [event("answer", "test.finished")])
        let last = try #require(transactions.withLock { $0.last })
        #expect(last.events.map(\.id) == ["answer"])
        #expect(last.progress == [SubscriptionProgress(subscription: "executor", position: Position(1), open: [])])
    }

    @Test("Settling twice, and settling what was never handed out, changes nothing")
    func settlingTwice() async throws {
        let store = InMemoryStore()
        let subscription = try await distributor(store).open(request())
        try await store.append([event("1"), event("2")])
        let delivery = try #require(try await subscription.next(upTo: 1).first)
        try await subscription.settle([delivery.position, Position(99)], sending: [event("answer", "test.finished")])
        try await subscription.settle([delivery.position], sending: [event("answer", "test.finished")])
        #expect(try await store.head() == Position(3))
        #expect(ids(try await subscription.next(upTo: 9)) == ["2"])
    }

    @Test("What is left alone is stored with what is settled next, and comes again after a crash before that")
    func passing() async throws {
        let store = InMemoryStore()
        let first = try await distributor(store).open(request(window: 2))
        try await store.append((1...4).map { event("\($0)") })
        try await first.pass(over: try await first.next(upTo: 2).map(\.position))
        #expect(try await store.progress(of: "executor")?.position == .start)
        let second = try await distributor(store).open(request(window: 2))
        let again = try await second.next(upTo: 2)
        #expect(ids(again) == ["1", "2"])
        #expect(again.map(\.isRepeated) == [true, true])
        try await second.pass(over: again.map(\.position))
        try await second.settle(try await second.next(upTo: 1).map(\.position), sending: [])
        #expect(try await store.progress(of: "executor")?.open == [])
        let third = try await distributor(store).open(request(window: 2))
        #expect(ids(try await third.next(upTo: 2)) == ["4"])
    }

    @Test("A subscription that leaves everything alone stores its way all the same")
    func passingOnly() async throws {
        let store = InMemoryStore()
        let subscription = try await distributor(store).open(request())
        try await store.append((1...1024).map { event("\($0)") })
        var passed = 0
        while passed < 1024 {
            #expect(try await store.progress(of: "executor")?.position == .start)
            let deliveries = try await subscription.next(upTo: 256)
            try await subscription.pass(over: deliveries.map(\.position))
            passed += deliveries.count
        }
        #expect(try await store.progress(of: "executor")?.position == Position(1024))
    }

    @Test("A full window waits for something to be settled")
    func window() async throws {
        let store = InMemoryStore()
        let subscription = try await distributor(store).open(request(window: 2))
        try await store.append((1...3).map { event("\($0)") })
        let deliveries = try await subscription.next(upTo: 9)
        #expect(ids(deliveries) == ["1", "2"])
        async let more = subscription.next(upTo: 9)
        try await subscription.settle([deliveries[1].position], sending: [])
        #expect(ids(try await more) == ["3"])
    }

    @Test("Waiting for events ends when one comes, and when it is cancelled")
    func waiting() async throws {
        let store = InMemoryStore()
        let subscription = try await distributor(store).open(request())
        async let deliveries = subscription.next(upTo: 1)
        try await store.append([event("1")])
        #expect(ids(try await deliveries) == ["1"])
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await subscription.next(upTo: 1) }
            group.cancelAll()
            await #expect(throws: CancellationError.self) { try await group.next() }
        }
    }

    @Test("Opening a name again takes it over")
    func takeOver() async throws {
        let store = InMemoryStore()
        let distributor = distributor(store)
        let first = try await distributor.open(request())
        try await store.append([event("1"), event("2")])
        let old = try await first.next(upTo: 1)
        let second = try await distributor.open(request())
        let error = await #expect(throws: KeptnError.self) { try await first.next(upTo: 1) }
        #expect(error?.code == .conflict)
        #expect(ids(try await second.next(upTo: 9)) == ["1"])
        #expect(ids(try await second.next(upTo: 9)) == ["2"])
        // Who worked on it before may still settle it.
        try await first.settle(old.map(\.position), sending: [])
        #expect(try await store.progress(of: "executor")?.open == [Position(2)])
    }

    @Test("Who waits for room learns that somebody else took over")
    func takeOverOfAFullWindow() async throws {
        let store = InMemoryStore()
        let distributor = distributor(store)
        let first = try await distributor.open(request(window: 1))
        try await store.append([event("1")])
        _ = try await first.next(upTo: 1)
        async let waiting = first.next(upTo: 1)
        _ = try await distributor.open(request(window: 1))
        do {
            _ = try await waiting
            Issue.record("the one who was there before got something")
        } catch let error as KeptnError {
            #expect(error.code == .conflict)
        }
    }

    @Test("Events of no interest cost a commit a thousand")
    func skipping() async throws {
        let commits = Mutex(0)
        let store = InMemoryStore(afterCommit: { transaction in
            if !transaction.progress.isEmpty { commits.withLock { $0 += 1 } }
        })
        let subscription = try await distributor(store).open(request())
        try await store.append((1...5000).map { event("\($0)", "test.started") } + [event("last")])
        #expect(ids(try await subscription.next(upTo: 1)) == ["last"])
        // The opening, and after each 1024 events in batches of 256.
        #expect(commits.withLock { $0 } == 1 + 4)
        #expect(try await store.progress(of: "executor")?.position == Position(4096))
    }

    @Test("A settling that fails is not made true by the one after it")
    func failedSettling() async throws {
        struct Crash: Error {}
        let store = InMemoryStore(beforeCommit: { transaction in
            if transaction.events.contains(where: { $0.id == "bad" }) { throw Crash() }
        })
        let subscription = try await distributor(store).open(request())
        try await store.append([event("1"), event("2")])
        let deliveries = try await subscription.next(upTo: 9)
        async let failing: Void = subscription.settle([deliveries[0].position], sending: [event("bad")])
        async let good: Void = subscription.settle([deliveries[1].position], sending: [event("good", "test.finished")])
        try await good
        do {
            try await failing
            Issue.record("what was not stored was reported as done")
        } catch is Crash {}
        #expect(try await store.progress(of: "executor")?.open == [deliveries[0].position])
    }

    @Test("Many settle together; one that cannot be stored fails alone")
    func manyTogether() async throws {
        struct Crash: Error {}
        let count = 20
        let commits = Mutex(0)
        let store = InMemoryStore(beforeCommit: { transaction in
            if transaction.events.contains(where: { $0.id == "bad" }) { throw Crash() }
            if !transaction.progress.isEmpty { commits.withLock { $0 += 1 } }
        })
        let subscription = try await distributor(store).open(request())
        try await store.append((0..<count).map { event("\($0)") })
        let deliveries = try await subscription.next(upTo: count)
        let failed = await withTaskGroup(of: Int?.self) { group in
            for (number, delivery) in deliveries.enumerated() {
                let answer = event(number == 7 ? "bad" : "answer-\(number)", "test.finished")
                group.addTask {
                    do {
                        try await subscription.settle([delivery.position], sending: [answer])
                        return nil
                    } catch { return number }
                }
            }
            return await group.reduce(into: []) { $0 += $1.map { [$0] } ?? [] }
        }
        #expect(failed == [7])
        #expect(try await store.progress(of: "executor")?.open == [deliveries[7].position])
        let answers = try await store.events(after: deliveries[count - 1].position, limit: 99).map(\.event.id)
        #expect(Set(answers) == Set((0..<count).filter { $0 != 7 }.map { "answer-\($0)" }))
        #expect(commits.withLock { $0 } <= count)
    }

    @Test("Another filter counts from the next opening on, also for what was open")
    func otherFilter() async throws {
        let store = InMemoryStore()
        let distributor = distributor(store)
        let first = try await distributor.open(request())
        try await store.append([event("1"), event("2", "deployment.triggered")])
        _ = try await first.next(upTo: 9)
        let second = try await distributor.open(
            SubscriptionRequest(name: "executor", patterns: ["sh.keptn.event.deployment.triggered"]))
        try await store.append([event("3"), event("4", "deployment.triggered")])
        #expect(ids(try await second.next(upTo: 9)) == ["4"])
    }
}
