import Core
import KeptnModel
import Testing

@Suite struct LoadReportTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var strategy = "performance"
        var good = 10
        var bad = 0
        var accepted = 0.1
        var limit = 0
        var milliseconds = 20
        let reasons: [String]
        var testDescription: String { "\(strategy): \(bad) of \(good + bad), \(accepted), \(milliseconds)/\(limit) ms" }
    }

    static let cases: [Case] = [
        Case(reasons: []),
        Case(good: 9, bad: 1, reasons: []),
        Case(good: 8, bad: 2, reasons: ["accepted are errors in 10 % of the requests"]),
        Case(good: 10, bad: 0, accepted: 0, reasons: []),
        Case(good: 99, bad: 1, accepted: 0, reasons: ["accepted are errors in 0 % of the requests"]),
        Case(good: 0, bad: 10, accepted: 1, reasons: []),
        Case(strategy: "functional", good: 9, bad: 1, accepted: 1, reasons: ["a functional test accepts no errors"]),
        Case(strategy: "functional", accepted: 0, reasons: []),
        Case(limit: 20, reasons: []),
        Case(limit: 19, reasons: ["the average response time of 20 ms is above 19 ms"]),
        Case(
            good: 5, bad: 5, accepted: 0.125, limit: 5,
            reasons: [
                "accepted are errors in 12.5 % of the requests", "the average response time of 20 ms is above 5 ms",
            ]),
    ]

    @Test("A test fails for the reasons of jmeter-service", arguments: cases)
    func verdict(_ test: Case) {
        var report = LoadReport()
        for index in 0..<(test.good + test.bad) {
            report.record("r", latency: .milliseconds(test.milliseconds), problem: index < test.bad ? "bad" : nil)
        }
        let workload = TestConfiguration.Workload(
            testStrategy: test.strategy, virtualUsers: 1, loopCount: 1, thinkTime: .zero, script: "s",
            acceptedErrorRate: test.accepted, averageResponseTimeMillisecondsMax: test.limit)
        #expect(report.reasonsToFail(workload) == test.reasons)
    }

    @Test("Reports add up, and keep the first failures, each once")
    func merging() {
        var left = LoadReport()
        left.record("a", latency: .milliseconds(10), problem: "it answered 500")
        left.record("a", latency: .milliseconds(30), problem: "it answered 500")
        var right = LoadReport()
        for number in 1...9 { right.record("b", latency: .milliseconds(20), problem: "problem \(number)") }
        left.merge(right)
        #expect(left.requests == 11)
        #expect(left.errors == 11)
        #expect(left.average == 20)
        #expect(
            left.failures == ["a: it answered 500", "b: problem 1", "b: problem 2", "b: problem 3", "b: problem 4"])
    }

    @Test("The summary has counts, share of errors, average and 95 %")
    func summary() {
        var report = LoadReport()
        #expect(report.summary == "0 requests, 0 errors, average 0 ms")
        for _ in 0..<7 { report.record("r", latency: .milliseconds(10), problem: nil) }
        report.record("r", latency: .milliseconds(10), problem: "bad")
        #expect(report.summary == "8 requests, 1 errors (12.5 %), average 10 ms, 95 % within 10 ms")
    }

    struct Answer: Sendable, CustomTestStringConvertible {
        var statuses: [Int] = []
        var contains: [String] = []
        let status: Int
        var body = ""
        let problem: String?
        var testDescription: String { "\(statuses) \(contains): \(status) \(body)" }
    }

    static let answers: [Answer] = [
        Answer(status: 200, problem: nil),
        Answer(status: 399, problem: nil),
        Answer(status: 400, problem: "it answered 400"),
        Answer(statuses: [201, 202], status: 202, problem: nil),
        Answer(statuses: [201, 202], status: 200, problem: "it answered 200, expected 201 or 202"),
        Answer(statuses: [400], status: 400, problem: nil),
        Answer(contains: ["ok"], status: 200, body: "all ok", problem: nil),
        Answer(contains: ["ok", "fine"], status: 200, body: "all ok", problem: "the answer does not contain 'fine'"),
        Answer(contains: ["ok"], status: 500, body: "ok", problem: "it answered 500"),
    ]

    @Test("An answer is held against all that is expected of it", arguments: answers)
    func expectation(_ test: Answer) {
        let expectation = TestPlan.Expectation(statuses: test.statuses, bodyContains: test.contains)
        #expect(expectation.problem(status: test.status, body: Array(test.body.utf8)) == test.problem)
    }
}
