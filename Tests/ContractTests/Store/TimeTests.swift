import CloudEvents
import Ports
import Testing

@Suite("Time and identifiers", .timeLimit(.minutes(5)))
struct TimeTests {
    @Test("Manual time stands still, never runs backwards, and wakes those whose time has come")
    func manualTime() async throws {
        let start = Timestamp(seconds: 1000)
        let time = ManualTime(start)
        try await time.sleep(until: start)
        try await withThrowingTaskGroup(of: Int.self) { group in
            for seconds in [3, 1, 2] {
                group.addTask {
                    try await time.sleep(for: .seconds(seconds))
                    return seconds
                }
            }
            try await time.waitForSleepers(3)
            #expect(time.sleeperCount == 3)
            #expect(time.nextWake == start + .seconds(1))
            time.advance(by: .milliseconds(999))
            #expect(time.sleeperCount == 3)
            time.advance(by: .milliseconds(1))
            #expect(try await group.next() == 1)
            #expect(time.sleeperCount == 2)
            time.advance(to: start)
            #expect(time.now == start + .seconds(1))
            time.advance(to: start + .seconds(3))
            #expect(time.sleeperCount == 0)
            #expect(time.nextWake == nil)
            try await group.waitForAll()
        }
    }

    @Test("Sleeping in manual time, and waiting for sleepers, can be cancelled")
    func cancelling() async throws {
        let time = ManualTime()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await #expect(throws: CancellationError.self) { try await time.sleep(for: .seconds(1)) }
            }
            group.addTask {
                await #expect(throws: CancellationError.self) { try await time.waitForSleepers(9) }
            }
            group.cancelAll()
        }
        #expect(time.sleeperCount == 0)
    }

    @Test("An operation that outlasts its deadline is given up")
    func deadline() async throws {
        let time = ManualTime()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                let error = await #expect(throws: DeadlineExceeded.self) {
                    try await time.withDeadline(.seconds(5), "the operation") {
                        try await time.sleep(for: .seconds(60))
                    }
                }
                #expect(error?.description.contains("the operation") == true)
            }
            try await time.waitForSleepers(2)
            time.advance(by: .seconds(5))
            try await group.waitForAll()
        }
        #expect(try await time.withDeadline(.seconds(5), "nothing") { 7 } == 7)
    }

    @Test("The system's time is that of the wall clock")
    func systemTime() async throws {
        let time = SystemTime()
        let before = time.now
        #expect(before > Timestamp(seconds: 1_700_000_000))
        try await time.sleep(until: before)
        try await time.sleep(until: before + .milliseconds(5))
        #expect(time.now >= before + .milliseconds(5))
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await #expect(throws: CancellationError.self) { try await time.sleep(for: .seconds(3600)) }
            }
            group.cancelAll()
        }
    }

    @Test("New ids are UUIDs of version 7 in lower case, and differ")
    func systemIDs() throws {
        let ids = (0..<1000).map { _ in SystemIDs().newID() }
        let form = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/
        for id in ids { #expect(id.wholeMatch(of: form) != nil, "\(id)") }
        #expect(Set(ids).count == 1000)
    }

    @Test("Sequential ids count")
    func sequentialIDs() {
        let ids = SequentialIDs()
        #expect(ids.newID() == "00000000-0000-7000-8000-000000000001")
        #expect(ids.newID() == "00000000-0000-7000-8000-000000000002")
        #expect(SequentialIDs(after: 254).newID() == "00000000-0000-7000-8000-0000000000ff")
    }
}
