import CloudEvents
import Foundation
import TestSupport
import Testing

@testable import Core

@Suite("Mann-Whitney U", .timeLimit(.minutes(5)))
struct MannWhitneyTests {
    /// Five values that are all above five others: 1 of 252 orders.
    @Test("A clear difference of few values is counted exactly")
    func clear() throws {
        let test = try #require(MannWhitney(now: [6, 7, 8, 9, 10], before: [1, 2, 3, 4, 5]))
        #expect(test.u == 25)
        #expect(test.effect == 1)
        #expect(abs(test.probabilityHigher - 1.0 / 252) < 1e-15)
        #expect(abs(test.probability - 2.0 / 252) < 1e-15)
        #expect(test.probabilityLower == 1)
    }

    @Test("Equal values show no difference, and none at all nothing")
    func equal() throws {
        let test = try #require(MannWhitney(now: [3, 3, 3], before: [3, 3]))
        #expect(test.effect == 0)
        #expect(test.probability == 1)
        #expect(MannWhitney(now: [], before: [1]) == nil)
        #expect(MannWhitney(now: [1], before: []) == nil)
    }

    private static let python = ProcessInfo.processInfo.environment["KEPTN_TEST_PYTHON"] ?? ""
    private static let isDemanded = !(ProcessInfo.processInfo.environment["CI"] ?? "").isEmpty

    private struct Sample {
        let now: [Double]
        let before: [Double]

        var isExact: Bool {
            Set(now + before).count == now.count + before.count
                && now.count * before.count <= MannWhitney.exactPairsMax
        }
    }

    /// Small and large, with and without ties, alike and not.
    private static let samples: [Sample] = {
        var random = SplitMix64(seed: 4711)
        func values(_ count: Int, shift: Double, steps: Double) -> [Double] {
            (0..<count).map { _ in
                let value = Double.random(in: 0..<1, using: &random) + Double.random(in: 0..<1, using: &random) + shift
                return steps > 0 ? (value * steps).rounded() / steps : value
            }
        }
        return [(1, 1), (3, 4), (5, 5), (8, 20), (20, 20), (21, 20), (60, 60), (5, 300), (500, 500)].flatMap { n, m in
            [(0.0, 0.0), (0.3, 0), (-0.5, 0), (0, 5), (0.2, 3)].map { shift, steps in
                Sample(now: values(n, shift: shift, steps: steps), before: values(m, shift: 0, steps: steps))
            }
        }
    }()

    @Test(
        "SciPy says the same of small and large samples, with and without ties",
        .enabled(if: !python.isEmpty || isDemanded))
    func scipy() async throws {
        let python = Self.python
        try #require(!python.isEmpty, "KEPTN_TEST_PYTHON must be set in CI")
        let lines = Self.samples.map { sample -> String in
            let json: JSON = [
                "now": .array(sample.now.map { .number($0) }), "before": .array(sample.before.map { .number($0) }),
                "exact": .bool(sample.isExact),
            ]
            return json.text
        }
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "SciPy/check.py").path
        let answer = try await output(of: python, [script], input: lines.joined(separator: "\n") + "\n")
        let answers = try answer.split(separator: "\n").map { try JSON(parsing: String($0)) }
        try #require(answers.count == Self.samples.count)
        for (sample, theirs) in zip(Self.samples, answers) {
            let ours = try #require(MannWhitney(now: sample.now, before: sample.before))
            for (name, value) in [
                ("u", ours.u), ("both", ours.probability), ("higher", ours.probabilityHigher),
                ("lower", ours.probabilityLower),
            ] {
                guard let known = theirs[name]?.doubleValue, known.isFinite else {
                    // SciPy divides by nothing where all values are equal.
                    #expect(Set(sample.now + sample.before).count == 1)
                    continue
                }
                #expect(
                    abs(value - known) <= 1e-9 * max(1e-3, known.magnitude),
                    "\(name) is \(value), SciPy has \(known), \(sample.now.count) and \(sample.before.count) values")
            }
        }
    }
}
