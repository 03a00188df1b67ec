/// Reads zip archives of strangers.
package protocol ZipArchives: Sendable {
    /// The files of an archive by their paths, without folders.
    ///
    /// Throws `KeptnError.unsupportedMediaType` for what is no zip archive, has a path that leads out of it, or holds
    /// more than these bytes or `ZipLimits.filesMax` files, whatever the archive says of itself.
    func files(of archive: [UInt8], bytesMax: Int) async throws -> [String: [UInt8]]
}

package enum ZipLimits {
    package static let filesMax = 256
}
