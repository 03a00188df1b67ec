/// Packs and unpacks charts of Helm: gzipped tar archives with one folder at the top.
package protocol ChartArchives: Sendable {
    /// The chart's files by their paths below its topmost folder, whatever that is called.
    ///
    /// Throws `KeptnError.invalidInput` for what is no such archive, holds links, has a path that leads out of it, or
    /// is larger unpacked than `ChartLimits` allow.
    func files(ofChart archive: [UInt8]) async throws -> [RepositoryPath: [UInt8]]

    /// An archive with the files in a folder of this name; the same files give the same bytes.
    func archive(ofChart name: String, _ files: [RepositoryPath: [UInt8]]) async throws -> [UInt8]
}

package enum ChartLimits {
    /// Unpacked, with tar's own headers.
    package static let bytesMax = 50 << 20
    package static let filesMax = 5_000
}
