import CloudEvents
import Core
package import Ports
import Testing

extension StoreContract {
    package static func eventsKeepTheirOrder(_ store: any Store) async throws {
        #expect(try await store.head() == .start)
        #expect(try await store.events(after: .start, limit: 10).isEmpty)
        let first = try await store.append([event("a"), event("b")])
        let second = try await store.append([event("c")])
        let positions = (first + second).map(\.position)
        #expect(positions == positions.sorted() && Set(positions).count == 3)
        #expect((first + second).map(\.isNew) == [true, true, true])
        #expect(try await store.head() == positions[2])

        let all = try await store.events(after: .start, limit: 10)
        #expect(ids(all) == ["a", "b", "c"])
        #expect(all.map(\.position) == positions)
        #expect(ids(try await store.events(after: .start, limit: 2)) == ["a", "b"])
        #expect(ids(try await store.events(after: positions[0], limit: 10)) == ["b", "c"])
        #expect(try await store.events(after: positions[2], limit: 10).isEmpty)
        #expect(try await store.events(after: .start, limit: 0).isEmpty)
        let picked = [positions[2], Position(positions[2].value + 1), positions[0]]
        #expect(ids(try await store.events(at: picked)) == ["c", "a"])
        #expect(try await store.append([]).isEmpty)
    }

    package static func anEventIsStoredOnce(_ store: any Store) async throws {
        let first = try await store.append([event("a", result: "pass"), event("b")])
        let again = try await store.append([event("c"), event("a", result: "fail"), event("a", source: "other")])
        #expect(again.map(\.isNew) == [true, false, true])
        #expect(again[1].position == first[0].position)
        let twins = try await store.append([event("d"), event("d")])
        #expect(twins.map(\.isNew) == [true, false] && twins[0].position == twins[1].position)
        let all = try await store.events(after: .start, limit: 10)
        #expect(ids(all) == ["a", "b", "c", "a", "d"])
        #expect(all[0].facts.result == "pass")
    }

    package static func anEventComesBackAsItWent(_ store: any Store) async throws {
        var full = event("full", triggeredID: "trigger", result: "warning", time: time + .microseconds(1_234_567))
        full.subject = "subject"
        full.dataSchema = "https://example.org/schema"
        full.extensions["unknown"] = ["nested": [1, 2]]
        let events = [
            full, event("no time", time: nil),
            CloudEvent(id: "text", source: "s", type: "t", dataContentType: "text/plain", data: .text("ümlaut \u{0}")),
            CloudEvent(id: "binary", source: "s", type: "t", data: .binary([0, 255])),
            CloudEvent(id: "nothing", source: "s", type: "t"),
        ]
        try await store.append(events)
        let read = try await store.events(after: .start, limit: 10)
        for (event, recorded) in zip(events, read) {
            var expected = event
            // The JSON form of a time has milliseconds.
            expected.time = event.time.map { Timestamp(milliseconds: $0.milliseconds) }
            #expect(recorded.event == expected)
            #expect(recorded.facts == EventFacts(of: expected))
            #expect(try await store.events(at: [recorded.position]) == [recorded])
            var query = EventQuery()
            query.id = event.id
            #expect(try await store.page(query) == EventPage(events: [recorded], total: 1))
        }
    }

    package static func whatCannotBeReadIsRefused(_ store: any Store) async throws {
        let error = await #expect(throws: KeptnError.self) {
            try await store.append([event("good"), event("bad", source: "line\nbreak")])
        }
        #expect(error?.code == .invalidInput)
        #expect(error?.message.contains("'bad'") == true && error?.message.contains("control characters") == true)
        #expect(try await store.head() == .start)
    }

    package static func aTransactionIsAllOrNothing(_ store: any Store) async throws {
        try await save(execution("x"), in: store)
        let transaction = Transaction(
            events: [event("a")],
            executions: [
                ExecutionChange(execution: try execution("new"), expectedVersion: 0),
                ExecutionChange(execution: try execution("x", state: .finished), expectedVersion: 7),
            ],
            pauses: [PauseChange(project: "sockshop", context: "context", stage: nil, isPaused: true)],
            progress: [SubscriptionProgress(subscription: "s", position: Position(1), open: [])])
        let conflict = await #expect(throws: StoreConflict.self) { try await store.commit(transaction) }
        #expect(conflict?.executionID == "x")
        #expect(try await store.head() == .start)
        #expect(try await store.openExecutions(in: place).map(\.execution) == [execution("x")])
        #expect(try await store.progress(of: "s") == nil)
        #expect(try await !store.isPaused(project: "sockshop", context: "context", stage: "dev"))

        var good = transaction
        good.executions[1].expectedVersion = 1
        try await store.commit(good)
        #expect(ids(try await store.events(after: .start, limit: 10)) == ["a"])
        #expect(try await store.openExecutions(in: place).map(\.execution.id) == ["new"])
        #expect(try await store.progress(of: "s")?.position == Position(1))
        #expect(try await store.isPaused(project: "sockshop", context: "context", stage: "dev"))
    }

    package static func versionsGuardExecutions(_ store: any Store) async throws {
        try await save(execution("x"), in: store)
        for wrong in [0, 2] {
            await #expect(throws: StoreConflict.self) { try await save(execution("x"), expecting: wrong, in: store) }
        }
        await #expect(throws: StoreConflict.self) { try await save(execution("unknown"), expecting: 1, in: store) }
        try await save(execution("x", state: .waiting), expecting: 1, in: store)
        try await store.commit(
            Transaction(executions: [
                ExecutionChange(execution: try execution("x", state: .paused), expectedVersion: 2),
                ExecutionChange(execution: try execution("x", state: .started), expectedVersion: 3),
            ]))
        let stored = try await store.openExecutions(in: place)
        #expect(stored == [StoredExecution(execution: try execution("x", state: .started), version: 4)])
    }

    /// Many race for one execution, and just as many have nothing to do with it.
    package static func aConflictHurtsNobodyElse(_ store: any Store) async throws {
        let lost = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<32 {
                group.addTask {
                    let change = ExecutionChange(execution: try execution("prize"), expectedVersion: 0)
                    do {
                        try await store.commit(Transaction(events: [event("racer \(number)")], executions: [change]))
                        return false
                    } catch is StoreConflict {
                        return true
                    }
                }
                group.addTask {
                    try await store.append([event("bystander \(number)")])
                    return false
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(lost == 31)
        let stored = try await store.events(after: .start, limit: 100).map(\.event.id)
        #expect(stored.filter { $0.hasPrefix("racer") }.count == 1)
        #expect(Set(stored.filter { $0.hasPrefix("bystander") }).count == 32)
    }

    package static func nothingIsLostBetweenManyWriters(_ store: any Store) async throws {
        let (writers, each) = (64, 20)
        let receipts = try await withThrowingTaskGroup(of: [Position].self) { group in
            for writer in 0..<writers {
                group.addTask {
                    var positions: [Position] = []
                    for number in 0..<each {
                        positions += try await store.append([event("\(writer)/\(number)")]).map(\.position)
                    }
                    return positions
                }
            }
            return try await group.reduce(into: [[Position]]()) { $0.append($1) }
        }
        #expect(receipts == receipts.map { $0.sorted() })
        #expect(Set(receipts.joined()).count == writers * each)
        let all = try await store.events(after: .start, limit: writers * each + 1)
        #expect(all.count == writers * each)
        for writer in 0..<writers {
            let own = all.map(\.event.id).filter { $0.hasPrefix("\(writer)/") }
            #expect(own == (0..<each).map { "\(writer)/\($0)" })
        }
    }

    package static func waitersWake(_ store: any Store) async throws {
        try await store.append([event("a")])
        try await store.waitForEvents(after: .start)
        let head = try await store.head()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<16 { group.addTask { try await store.waitForEvents(after: head) } }
            try await store.append([event("b")])
            try await group.waitForAll()
        }
    }

    package static func waitersSleepThroughWhatTheyDoNotWant(_ store: any Store) async throws {
        let unwanted = 8
        // Behind all that is unwanted, so that it does not matter who comes first.
        let place = Position(try await store.head().value + Int64(unwanted))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    try await store.waitForEvents(after: place) { $0.event.id == "wanted" }
                    #expect(ids(try await store.events(after: place, limit: 9)) == ["wanted"])
                }
            }
            for number in 0..<unwanted { try await store.append([event("\(number)")]) }
            try await store.append([event("wanted")])
            try await group.waitForAll()
        }
    }

    package static func waitersDoNotFallTooFarBehind(_ store: any Store) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await store.waitForEvents(after: .start) { _ in false } }
            let count = Int(EventSignal.skippedMax) + 1
            try await store.append((0..<count).map { event("\($0)") })
            try await group.waitForAll()
        }
    }

    /// A follower that waits whenever it has read everything sees every event, however the waits and writes fall.
    package static func noWakeUpIsLost(_ store: any Store) async throws {
        let count = 400
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    var seen: [String] = []
                    var position = Position.start
                    while seen.count < count {
                        try await store.waitForEvents(after: position)
                        let events = try await store.events(after: position, limit: 7)
                        seen += ids(events)
                        position = try #require(events.last).position
                    }
                    #expect(seen == (0..<count).map(String.init))
                }
            }
            group.addTask { for number in 0..<count { try await store.append([event("\(number)")]) } }
            try await group.waitForAll()
        }
    }

    package static func waitingCanBeCancelled(_ store: any Store) async throws {
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<16 {
                group.addTask {
                    await #expect(throws: CancellationError.self) { try await store.waitForEvents(after: .start) }
                }
            }
            group.cancelAll()
        }
        try await store.append([event("a")])
        try await store.waitForEvents(after: .start)
    }

    package static func progressIsKept(_ store: any Store) async throws {
        #expect(try await store.progress(of: "s") == nil)
        let first = SubscriptionProgress(subscription: "s", position: Position(7), open: [Position(3), Position(5)])
        let other = SubscriptionProgress(subscription: "other", position: Position(1), open: [])
        try await store.commit(Transaction(progress: [first, other]))
        #expect(try await store.progress(of: "s") == first)
        let later = SubscriptionProgress(subscription: "s", position: Position(9), open: [Position(5)])
        try await store.commit(Transaction(progress: [later]))
        #expect(try await store.progress(of: "s") == later)
        #expect(try await store.progress(of: "other") == other)
    }
}
