import CloudEvents
import KeptnModel
import Testing

@testable import Core

@Suite("Approval")
struct ApprovalRuleTests {
    /// Nil leaves the member out.
    struct Row: Sendable, CustomTestStringConvertible {
        let result: String?
        let evaluationResult: String?
        let strategy: String?
        let action: ApprovalRule.Action
        let started: String

        var testDescription: String {
            "result \(result ?? "absent"), evaluation \(evaluationResult ?? "absent"), strategy \(strategy ?? "absent")"
        }
    }

    /// Every verdict with every strategy. Both `approval.pass` and `approval.warning` get the row's strategy in one
    /// test, and only the verdict's own in the other.
    static let rows: [Row] = [
        Row("pass", "automatic", .finish(.pass), "Approval strategy for result 'pass': automatic"),
        Row("pass", "manual", .waitForHuman, "Approval strategy for result 'pass': manual"),
        Row("pass", nil, .waitForHuman, "Approval strategy for result 'pass': manual"),
        Row("pass", "", .waitForHuman, "Approval strategy for result 'pass': manual"),
        Row("pass", "Automatic", .waitForHuman, "Approval strategy for result 'pass': Automatic"),
        Row("warning", "automatic", .finish(.pass), "Approval strategy for result 'warning': automatic"),
        Row("warning", "manual", .waitForHuman, "Approval strategy for result 'warning': manual"),
        Row("warning", nil, .waitForHuman, "Approval strategy for result 'warning': manual"),
        Row("fail", "automatic", .finish(.fail), "Approval strategy for result 'fail': automatic"),
        Row("fail", "manual", .finish(.fail), "Approval strategy for result 'fail': automatic"),
        Row("fail", nil, .finish(.fail), "Approval strategy for result 'fail': automatic"),
        Row("failed", "automatic", .waitForHuman, "Approval strategy for result 'failed': manual"),
        Row("", "automatic", .waitForHuman, "Approval strategy for result '': manual"),
        Row(nil, "automatic", .waitForHuman, "Approval strategy for result '': manual"),
        Row(nil, "automatic", .finish(.pass), "Approval strategy for result 'pass': automatic", evaluation: "pass"),
        Row(
            "", "automatic", .finish(.pass), "Approval strategy for result 'warning': automatic",
            evaluation: "warning"),
        Row("", "manual", .waitForHuman, "Approval strategy for result 'warning': manual", evaluation: "warning"),
        Row("", nil, .finish(.fail), "Approval strategy for result 'fail': automatic", evaluation: "fail"),
        Row("pass", "automatic", .finish(.pass), "Approval strategy for result 'pass': automatic", evaluation: "fail"),
        Row("fail", "automatic", .finish(.fail), "Approval strategy for result 'fail': automatic", evaluation: "pass"),
    ]

    @Test("Verdict and strategy decide whether to approve, decline or wait", arguments: rows)
    func decides(row: Row) {
        let rule = ApprovalRule(data: row.data(strategies: ["pass", "warning"]))
        #expect(rule.action == row.action)
        #expect(rule.startedMessage == row.started)
    }

    @Test("Only the strategy for the verdict itself counts", arguments: rows)
    func ownStrategyOnly(row: Row) {
        let verdict = row.result.flatMap { $0.isEmpty ? nil : $0 } ?? row.evaluationResult ?? ""
        let other = verdict == "pass" ? "warning" : "pass"
        let alone = ApprovalRule(data: row.data(strategies: [verdict]))
        #expect(alone.action == row.action)
        #expect(alone.startedMessage == row.started)
        let foreign = ApprovalRule(data: row.data(strategies: [other]))
        #expect(foreign.action == (verdict == "fail" ? .finish(.fail) : .waitForHuman))
    }

    @Test("Data that is no object waits", arguments: ["null", "[]", "\"pass\"", "{}"])
    func foreignData(text: String) throws {
        #expect(ApprovalRule(data: try JSON(parsing: text)).action == .waitForHuman)
    }
}

extension ApprovalRuleTests.Row {
    init(
        _ result: String?, _ strategy: String?, _ action: ApprovalRule.Action, _ started: String,
        evaluation: String? = nil
    ) {
        self.init(
            result: result, evaluationResult: evaluation, strategy: strategy, action: action, started: started)
    }

    func data(strategies: [String]) -> JSON {
        .object([
            (key: "result", value: result.map(JSON.string)),
            (key: "evaluation", value: evaluationResult.map { ["result": .string($0)] }),
            (
                key: "approval",
                value: .object(strategies.map { (key: $0, value: strategy.map(JSON.string)) })
            ),
        ])
    }
}
