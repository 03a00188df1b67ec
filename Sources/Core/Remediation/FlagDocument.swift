package import CloudEvents
package import KeptnModel

/// A flag file of OpenFeature's flagd (https://flagd.dev/reference/flag-definitions): `flags.NAME.variants` and
/// `defaultVariant`.
package enum FlagDocument {
    /// The document with the flags' default variants changed. Throws what the user has to correct.
    package static func changing(_ document: JSON, by changes: [BuiltInAction.FlagChange]) throws(FlagMistake) -> JSON {
        guard var flags = document["flags"], flags.kind == .object else {
            throw FlagMistake("it has no object 'flags'")
        }
        for change in changes {
            guard let flag = flags[change.flag] else {
                let known = flags.members.map { "'\($0.key)'" }.joined(separator: ", ")
                throw FlagMistake("it has no flag '\(change.flag)'; it has \(known.isEmpty ? "none" : known)")
            }
            guard flag["variants"]?[change.variant] != nil else {
                let known = (flag["variants"] ?? .emptyObject).members.map { "'\($0.key)'" }.joined(separator: ", ")
                throw FlagMistake("flag '\(change.flag)' has no variant '\(change.variant)'; it has \(known)")
            }
            flags = flags.setting(change.flag, to: flag.setting("defaultVariant", to: .string(change.variant)))
        }
        return document.setting("flags", to: flags)
    }
}

package struct FlagMistake: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}
