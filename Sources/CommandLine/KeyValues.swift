import CloudEvents
import KeptnModel
import Ports

/// Options `name=value`. Each is one pair or, as Keptn's scripts write them, several with commas between: `a=b,c=d`. A
/// comma that belongs to a value stands in quotes (`"a=b,c",d=e`), or in an option with a single `=`.
enum KeyValues {
    /// Names with dots nest, as in `--values` and `--data`.
    static func nested(_ options: [String], option: String) throws -> JSON {
        try pairs(options, option).reduce(.emptyObject) { result, pair in
            let keys = pair.name.split(separator: ".", omittingEmptySubsequences: false)
            guard !keys.contains("") else { throw mistake(pair.name, option) }
            return result.merging(keys.reversed().reduce(.string(pair.value)) { .object([(String($1), $0)]) })
        }
    }

    /// Labels, whose names may hold dots.
    static func labels(_ options: [String]) throws -> [String: String] {
        Dictionary(try pairs(options, "--labels").map { ($0.name, $0.value) }) { $1 }
    }

    /// The same for an event; nil when there are none.
    static func labelsObject(_ options: [String]) throws -> JSON? {
        let labels = try labels(options)
        return labels.isEmpty ? nil : .object(labels.mapValues { .string($0) })
    }

    private static func pairs(_ options: [String], _ option: String) throws -> [(name: String, value: String)] {
        try options.flatMap(split).map { text in
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else { throw mistake(text, option) }
            return (String(parts[0]), String(parts[1]))
        }
    }

    /// As the library reads it that Keptn's own command line is built with (pflag, `StringToString`).
    private static func split(_ text: String) -> [String] {
        guard text.count(where: { $0 == "=" }) > 1 else { return [text] }
        var (pairs, isQuoted) = ([""], false)
        for character in text {
            switch character {
            case "\"": isQuoted.toggle()
            case "," where !isQuoted: pairs.append("")
            default: pairs[pairs.count - 1].append(character)
            }
        }
        return pairs
    }

    private static func mistake(_ text: String, _ option: String) -> KeptnError {
        KeptnError(.invalidInput, "\(option) \(text): name=value is needed, several with commas between")
    }
}
