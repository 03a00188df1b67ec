import CloudEvents
import Core
import KeptnModel

/// The verdict of `keptn evaluate` in the words of those who read it.
struct GateReport {
    let scope: Scope
    let window: EvaluationWindow
    let slo: SLO
    let outcome: EvaluationOutcome
    let now: Timestamp

    private var results: [EvaluationOutcome.IndicatorResult] { outcome.indicatorResults ?? [] }

    private var name: String {
        let parts = [scope.project, scope.stage, scope.service].filter { !$0.isEmpty }
        return parts.isEmpty ? "quality gate" : parts.joined(separator: "/")
    }

    private var headline: String {
        let span = "\(window.start.rfc3339) to \(window.end.rfc3339)"
        guard outcome.status == .succeeded else { return "\(name): not evaluated, \(span)" }
        return "\(name): \(outcome.result.rawValue), score \(Self.show(outcome.score)), \(span)"
    }

    // MARK: For programs

    func json(_ evaluation: JSON) -> JSON {
        [
            "project": .string(scope.project), "stage": .string(scope.stage), "service": .string(scope.service),
            "status": .string(outcome.status.rawValue), "result": .string(outcome.result.rawValue),
            "message": .string(outcome.message), "evaluation": evaluation,
        ]
    }

    /// The form that CI servers read (the schema of Apache Ant's JUnit task): a case for each objective, and one for
    /// the whole.
    var junit: String {
        let failures = results.count { $0.status == .fail } + (outcome.result == .fail ? 1 : 0)
        let isErrored = outcome.status != .succeeded
        let name = Self.escaped(name)
        var lines = ["<?xml version=\"1.0\" encoding=\"UTF-8\"?>"]
        lines.append(
            "<testsuite name=\"\(name)\" tests=\"\(results.count + 1)\" failures=\"\(isErrored ? 0 : failures)\" "
                + "errors=\"\(isErrored ? 1 : 0)\" skipped=\"0\" timestamp=\"\(now.rfc3339)\">")
        for (result, objective) in zip(results, slo.objectives) {
            let text = Self.escaped(result.explanation(of: objective) ?? "\(result.sli) is \(Self.value(result))")
            let inner =
                result.status == .fail
                ? "<failure message=\"\(text)\"/>" : "<system-out>\(result.status.rawValue): \(text)</system-out>"
            lines.append(
                "  <testcase classname=\"\(name)\" name=\"\(Self.escaped(Self.name(result)))\">\(inner)</testcase>")
        }
        let message = Self.escaped(outcome.message)
        let whole =
            isErrored
            ? "<error message=\"\(message)\"/>"
            : outcome.result == .fail
                ? "<failure message=\"\(message)\"/>"
                : "<system-out>\(Self.escaped(headline))\(message.isEmpty ? "" : " \(message)")</system-out>"
        lines.append("  <testcase classname=\"\(name)\" name=\"total score\">\(whole)</testcase>")
        lines.append("</testsuite>")
        return lines.joined(separator: "\n") + "\n"
    }

    private static func escaped(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            case "\n", "\t", "\r": out += "&#\(scalar.value);"
            // XML 1.0 has no way to say them.
            case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF: out += "?"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    // MARK: For people

    var lines: [String] {
        var table = Table(header: ["SLI", "VALUE", "PASS", "WARNING", "SCORE", "RESULT"])
        table.rows = rows.map { [$0.name, $0.value, $0.pass, $0.warning, $0.score, $0.result] }
        return [headline] + (table.rows.isEmpty ? [] : table.lines())
            + (outcome.message.isEmpty ? [] : [outcome.message])
    }

    /// For a job's summary.
    var markdown: String {
        func cell(_ text: String) -> String { text.replacing("|", with: "\\|").replacing("\n", with: " ") }
        var lines = ["## Quality gate: \(cell(headline))", ""]
        if !results.isEmpty {
            lines += ["| SLI | value | pass | warning | score | result |", "|---|---:|---|---|---:|---|"]
            for row in rows {
                let cells = [row.name, row.value, row.pass, row.warning, row.score, row.result].map(cell)
                lines.append("| \(cells.joined(separator: " | ")) |")
            }
            lines.append("")
        }
        if !outcome.message.isEmpty { lines += [cell(outcome.message), ""] }
        return lines.joined(separator: "\n")
    }

    private struct Row {
        var name, value, pass, warning, score, result: String
    }

    private var rows: [Row] {
        zip(results, slo.objectives).map { result, objective in
            Row(
                name: Self.name(result) + (objective.keySLI ? " (key)" : ""), value: Self.value(result),
                pass: Self.criteria(objective.pass), warning: Self.criteria(objective.warning),
                score: Self.show(result.score), result: result.status.rawValue)
        }
    }

    private static func name(_ result: EvaluationOutcome.IndicatorResult) -> String {
        result.displayName.isEmpty ? result.sli : result.displayName
    }

    private static func value(_ result: EvaluationOutcome.IndicatorResult) -> String {
        guard let value = result.value, value.success else { return "none" }
        return show(value.value)
    }

    private static func criteria(_ lists: [SLO.Criteria]) -> String {
        lists.map { $0.criteria.joined(separator: " and ") }.joined(separator: " or ")
    }

    private static func show(_ number: Double) -> String { number.readable(significantDigits: 6) }
}
