import CloudEvents
import Core
import FoundationEssentials
import Ports
import Testing

/// The real shipyard service and distributor on a store in memory: executors that fail, vanish, come late or twice,
/// users who pause and abort, crashes before and after commits, clocks that jump. After every step the invariants of
/// docs/architecture.md have to hold; at the end everything has to come to an end.
@Suite("Simulation")
struct SimulationTests {
    private static let seeds = number("KEPTN_SEEDS") ?? 1000
    private static let chunk: UInt64 = 50
    private static let wanted = number("KEPTN_SEED")

    private static func number(_ variable: String) -> UInt64? {
        ProcessInfo.processInfo.environment[variable].flatMap(UInt64.init)
    }

    @Test(
        "1,000 stories keep every invariant and come to an end (KEPTN_SEED=n tells one, KEPTN_SEEDS=n so many)",
        arguments: wanted.map { [$0...$0] } ?? (0..<seeds / chunk).map { $0 * chunk...($0 + 1) * chunk - 1 })
    func stories(_ seeds: ClosedRange<UInt64>) async throws {
        for seed in seeds {
            let story = try await Story(seed: seed)
            do {
                try await story.tell(steps: 45)
            } catch {
                Issue.record("KEPTN_SEED=\(seed): \(error)\n\(story.world.trace.joined(separator: "\n"))")
                return
            }
            if Self.wanted != nil { Attachment.record(story.world.trace.joined(separator: "\n"), named: "\(seed).txt") }
        }
    }

    @Test("A sequence of three tasks survives a crash at each of its commits, before it and after it")
    func everyCrashPoint() async throws {
        let undisturbed = try await Story(sequenceOf: ["deployment", "test", "release"])
        let first = undisturbed.world.faults.commits
        try await undisturbed.calm()
        let types = try await undisturbed.world.log().map(\.event.type)
        #expect(types.count == 2 + 3 * 3)
        let commits = undisturbed.world.faults.commits - first
        try #require(commits >= 8)
        for moment in Faults.Moment.allCases {
            for commit in 0..<commits {
                let story = try await Story(sequenceOf: ["deployment", "test", "release"])
                story.world.faults.crash(moment, skipping: commit)
                do {
                    try await story.calm()
                } catch {
                    Issue.record("crash \(moment) commit \(commit): \(error)")
                }
                #expect(story.world.restarts == 1)
                #expect(try await story.world.log().map(\.event.type) == types, "crash \(moment) commit \(commit)")
            }
        }
    }

    @Test(
        "An abort ends what was on its way when it came, also over a restart and with much between the two",
        arguments: [(others: 0, restart: false), (others: 0, restart: true), (others: 300, restart: false)])
    func abortBetweenStages(others: Int, restart: Bool) async throws {
        let story = try await Story(sequenceOf: ["deployment"], followedIn: "prod")
        _ = try await story.round()
        let unheard = Self.unheard(others)
        _ = try await story.world.turn(racing: [story.control("abort", "a")] + unheard)
        if restart { try await story.world.restart() }
        while try await story.world.turn() { try await story.world.check() }
        #expect(try await story.world.store.scopesWithOpenExecutions().isEmpty)
    }

    @Test("An answer that came in time counts, however much lies before it in the log", arguments: [0, 300, 1000])
    func answersBeforeTimers(others: Int) async throws {
        let story = try await Story(sequenceOf: ["deployment", "test"])
        _ = try await story.round(others: Self.unheard(others))
        story.world.advance(by: World.deadlines.start + World.deadlines.finish)
        while try await story.world.turn() { try await story.world.check() }
        let last = try await story.world.log().last?.event.type
        #expect(last == "sh.keptn.event.test.triggered")
    }

    /// Events in which nobody has an interest.
    private static func unheard(_ count: Int) -> [CloudEvent] {
        (0..<count).map { CloudEvent(id: "\($0)", source: "somebody", type: "of.no.interest") }
    }
}
