/// The type of a CDEvent: `dev.cdevents.pipelinerun.finished.0.3.0`, or `dev.cdeventsx.TOOL-SUBJECT.PREDICATE.VERSION`
/// for an event that some tool has defined for itself.
package struct CDEventType: Sendable, Hashable, CustomStringConvertible {
    /// `pipelinerun`; with the tool in front (`keptn-evaluation`) for an event of a tool's own.
    package let subject: String
    /// `finished`.
    package let predicate: String
    /// Of this event's form: `0.3.0`.
    package let version: String
    /// Whether a tool has defined it for itself.
    package let isCustom: Bool

    /// Whether a type claims to be one of CDEvents, right or wrong.
    package static func isClaimed(by type: String) -> Bool {
        type.hasPrefix("dev.cdevents.") || type.hasPrefix("dev.cdeventsx.")
    }

    /// Nil for everything that is no type of CDEvents.
    package init?(_ text: String) {
        let words = text.split(separator: ".", maxSplits: 4, omittingEmptySubsequences: false)
        guard Self.isClaimed(by: text), words.count == 5, Self.isVersion(words[4]) else { return nil }
        isCustom = words[1] == "cdeventsx"
        let names = words[2].split(separator: "-", omittingEmptySubsequences: false)
        guard names.count == (isCustom ? 2 : 1), (names + [words[3]]).allSatisfy(Self.isName) else { return nil }
        subject = String(words[2])
        predicate = String(words[3])
        version = String(words[4])
    }

    package var description: String {
        "dev.\(isCustom ? "cdeventsx" : "cdevents").\(subject).\(predicate).\(version)"
    }

    /// Letters and digits.
    private static func isName(_ text: Substring) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
            }
    }

    /// Three numbers, and perhaps `-draft` behind them.
    private static func isVersion(_ text: Substring) -> Bool {
        let numbers = (text.hasSuffix("-draft") ? text.dropLast("-draft".count) : text)
            .split(separator: ".", omittingEmptySubsequences: false)
        return numbers.count == 3
            && numbers.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }
    }
}
