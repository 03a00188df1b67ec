import CloudEvents
import KeptnModel

/// The old events that report work.
extension OldEvent {
    /// `deployment-finished`. Helm-service sends it for a change of traffic too.
    func deployed() throws(Legacy.Refusal) -> Legacy.Meaning {
        let tasks = ["deployment", "release", "rollback"]
        guard let open = try openTask(tasks), open.name == "deployment" else {
            return try answer(tasks, result: .pass)
        }
        let place = Legacy.place(of: event)
        let isCanary = data["deploymentstrategy"]?.stringValue == "blue_green_service"
        let host = "\(place.service ?? "")\(isCanary ? "-canary" : "").\(place.project ?? "")-\(place.stage ?? "")"
        let told: [(key: String, value: JSON?)] = [
            ("deploymentURIsLocal", [data["deploymentURILocal"] ?? .string("http://\(host)")]),
            ("deploymentURIsPublic", data["deploymentURIPublic"].map { [$0] }),
            ("deploymentNames", [isCanary ? "canary" : "direct"]),
        ]
        return try answer(
            tasks, result: .pass, [("deployment", .object((deployment()?.members ?? []).map(\.self) + told))])
    }

    /// `tests-finished`; Keptn 0.5 says only when the tests began.
    func tested() throws(Legacy.Refusal) -> Legacy.Meaning {
        let result = try self.result(data["result"]?.stringValue ?? "pass", "result")
        return try answer(
            ["test"], result: result,
            [
                (
                    "test",
                    .object([
                        ("start", data["start"] ?? data["startedat"]),
                        ("end", data["end"] ?? event.time.map { .string($0.rfc3339) }),
                    ])
                )
            ])
    }

    /// `evaluation-done`, with `result` in 0.6 and `evaluationpassed` in 0.5.
    func evaluated() throws(Legacy.Refusal) -> Legacy.Meaning {
        let passed = data["evaluationpassed"]?.boolValue.map { $0 ? "pass" : "fail" }
        let result = try self.result(data["result"]?.stringValue ?? passed ?? "", "result")
        let details = data["evaluationdetails"] ?? .emptyObject
        let said = details["result"]?.stringValue ?? ""
        return try answer(
            ["evaluation"], result: result, message: KeptnResult(rawValue: said) == nil ? said : "",
            [("evaluation", OldEvaluation.canonical(details, result: result))])
    }

    /// `get-sli.done`.
    func measured() throws(Legacy.Refusal) -> Legacy.Meaning {
        let values = ["start", "end", "indicatorValues"].map { (key: $0, value: data[$0]) }
        return try answer(["get-sli"], result: .pass, [("get-sli", .object(values))])
    }

    // MARK: - Parts

    /// `data.deployment` with the strategy; nil when the event names none.
    func deployment() -> JSON? { strategy("deploymentstrategy") }

    /// An object with one strategy, as spec 0.2.4 has it; nil when the event names none.
    func strategy(_ name: String) -> JSON? {
        guard let word = data[name]?.stringValue, !word.isEmpty else { return nil }
        return .object([name: .string(word)])
    }
}
