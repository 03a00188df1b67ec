import FoundationEssentials
import Testing

@Suite("Transcripts of the sequence machine")
struct TranscriptTests {
    /// Beside the sources, so that a rewritten transcript shows up in `git diff`.
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Transcripts")

    static let names: [String] = {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return files.filter { $0.hasSuffix(".txt") }.map { String($0.dropLast(4)) }.sorted()
    }()

    @Test(
        "The machine answers as the transcript says (UPDATE_TRANSCRIPTS=1 writes down what it answers now)",
        arguments: names)
    func transcript(_ name: String) throws {
        let file = Self.folder.appending(path: "\(name).txt")
        let written = String(decoding: try Data(contentsOf: file), as: UTF8.self)
        let played = try Transcript(parsing: written, name: name).played()
        if ProcessInfo.processInfo.environment["UPDATE_TRANSCRIPTS"] == "1" {
            try Data(played.utf8).write(to: file, options: .atomic)
        } else {
            #expect(played == written, "\(lineDifference(from: written, to: played))")
        }
    }

    @Test("There are transcripts")
    func present() {
        #expect(Self.names.count > 20)
    }
}

/// The lines that differ, `-` as written and `+` as played, each with its line number.
private func lineDifference(from written: String, to played: String) -> String {
    func lines(_ text: String) -> [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
    let changes = lines(played).difference(from: lines(written)).map { change in
        switch change {
        case .remove(let offset, let line, _): (offset, 0, "- \(offset + 1): \(line)")
        case .insert(let offset, let line, _): (offset, 1, "+ \(offset + 1): \(line)")
        }
    }
    return changes.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map(\.2).joined(separator: "\n")
}
