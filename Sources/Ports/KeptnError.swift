/// What went wrong, in one form for the whole system; the API turns the code into a status, the CLI into an exit code.
package struct KeptnError: Error, Sendable, Hashable, CustomStringConvertible {
    package struct Code: Sendable, Hashable, CustomStringConvertible {
        package let description: String
        private init(_ description: String) { self.description = description }

        package static let invalidInput = Code("invalid input")
        package static let unauthorized = Code("unauthorized")
        package static let forbidden = Code("forbidden")
        package static let notFound = Code("not found")
        package static let conflict = Code("conflict")
        /// The request is well formed, and a rule of this server forbids it.
        package static let forbiddenByRule = Code("forbidden by a rule")
        /// Another system refused its part, as with a bad Git token.
        package static let failedDependency = Code("failed dependency")
        package static let tooLarge = Code("too large")
        package static let unsupportedMediaType = Code("unsupported media type")
        package static let tooManyRequests = Code("too many requests")
        /// Something outside of us does not work now; trying again may help.
        package static let unavailable = Code("unavailable")
        /// A stored thing cannot be read, or a program of ours is wrong.
        package static let internalFailure = Code("internal failure")
    }

    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
