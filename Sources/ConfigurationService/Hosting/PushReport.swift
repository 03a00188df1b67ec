/// What became of a push: one outcome for each reference, and lines for the one who pushes.
struct PushReport: Sendable {
    /// By reference; nil for one that was moved, else why not.
    var outcomes: [(reference: String, refusal: String?)] = []
    /// What Git shows behind `remote:`.
    var messages: [String] = []
    /// Why the pack could not be taken in.
    var failure: String?

    /// In the form that the client has asked for.
    func encoded(for capabilities: Set<String>) -> [UInt8] {
        let report = capabilities.contains("report-status") ? status : []
        guard capabilities.contains("side-band-64k") else { return report }
        let remarks = Array(messages.map { "\($0)\n" }.joined().utf8)
        return Self.band(2, remarks) + Self.band(1, report) + PacketLine.flush
    }

    private var status: [UInt8] {
        let first = PacketLine.encode("unpack \(failure.map(Self.line) ?? "ok")\n")
        return outcomes.reduce(into: first) { all, outcome in
            all += PacketLine.encode(
                outcome.refusal.map { "ng \(outcome.reference) \(Self.line($0))\n" } ?? "ok \(outcome.reference)\n")
        } + PacketLine.flush
    }

    private static func line(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).joined(separator: "; ")
    }

    private static func band(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        stride(from: 0, to: bytes.count, by: PacketLine.payloadMax - 1).flatMap { start in
            PacketLine.encode([number] + bytes[start..<min(start + PacketLine.payloadMax - 1, bytes.count)])
        }
    }
}
