package import KeptnModel

extension TestPlan.Expectation {
    /// What is wrong with an answer; nil when it is as expected.
    package func problem(status: Int, body: [UInt8]) -> String? {
        if statuses.isEmpty, status >= 400 { return "it answered \(status)" }
        if !statuses.isEmpty, !statuses.contains(status) {
            return "it answered \(status), expected \(statuses.map(String.init).joined(separator: " or "))"
        }
        let text = String(decoding: body, as: UTF8.self)
        return bodyContains.first { !text.contains($0) }.map { "the answer does not contain '\($0)'" }
    }
}
