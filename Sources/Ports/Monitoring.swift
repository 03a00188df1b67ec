/// What a monitoring system reads of us: files below a folder of its own.
package protocol MonitoringFiles: Sendable {
    /// Writes files, each at once, when the monitoring system's own check finds nothing wrong with them, removes
    /// others, and makes it read what is there now. Returns what is left to do, as a sentence; empty for nothing.
    /// Throws `KeptnError.invalidInput` for what the check refuses.
    ///
    /// - Parameter names: Of files with alert rules. One that is not there is no error.
    func install(_ files: [MonitoringFile], removing names: [String]) async throws -> String

    /// The files with alert rules, whoever wrote them, sorted by name.
    func alertRules(named isWanted: @Sendable (String) -> Bool) async throws -> [MonitoringFile]
}

package struct MonitoringFile: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// Where to scrape: a file of Prometheus' file discovery.
        case targets
        case alertRules
    }

    package var kind: Kind
    /// A plain file name.
    package var name: String
    package var bytes: [UInt8]

    package init(_ kind: Kind, name: String, bytes: [UInt8]) {
        self.kind = kind
        self.name = name
        self.bytes = bytes
    }
}
