import CloudEvents
import FoundationEssentials
import Ports

/// The two classes of XStream without which it forbids everything that nobody has allowed, as JMeter before 5.5 does
/// not: in front of XStream's own, they allow every class, as XStream did when those versions of JMeter were made.
///
/// They are ours, compiled by `javac -g:none --release 8` from
/// ```java
/// package com.thoughtworks.xstream.security;
/// public interface TypePermission { boolean allows(Class type); }
/// public class NullPermission implements TypePermission {
///     public static final TypePermission NULL = new NullPermission();
///     public boolean allows(Class type) { return true; }
/// }
/// ```
enum XStreamPermissions {
    /// Writes them below a folder that stands in a class path.
    static func write(to folder: String) throws {
        let package = "\(folder)/com/thoughtworks/xstream/security"
        try FileManager.default.createDirectory(atPath: package, withIntermediateDirectories: true)
        for (name, text) in ["TypePermission": typePermission, "NullPermission": nullPermission] {
            try Data(Base64.decode(text) ?? []).write(to: URL(filePath: "\(package)/\(name).class"), options: .atomic)
        }
    }

    private static let typePermission =
        "yv66vgAAADQABwcAAgEAMGNvbS90aG91Z2h0d29ya3MveHN0cmVhbS9zZWN1cml0eS9UeXBlUGVybWlzc2lvbgcABAEAEGphdmEv"
        + "bGFuZy9PYmplY3QBAAZhbGxvd3MBABQoTGphdmEvbGFuZy9DbGFzczspWgYBAAEAAwAAAAAAAQQBAAUABgAAAAA="

    private static let nullPermission =
        "yv66vgAAADQAFAoAAgADBwAEDAAFAAYBABBqYXZhL2xhbmcvT2JqZWN0AQAGPGluaXQ+AQADKClWBwAIAQAwY29tL3Rob3VnaHR3"
        + "b3Jrcy94c3RyZWFtL3NlY3VyaXR5L051bGxQZXJtaXNzaW9uCgAHAAMJAAcACwwADAANAQAETlVMTAEAMkxjb20vdGhvdWdodHdv"
        + "cmtzL3hzdHJlYW0vc2VjdXJpdHkvVHlwZVBlcm1pc3Npb247BwAPAQAwY29tL3Rob3VnaHR3b3Jrcy94c3RyZWFtL3NlY3VyaXR5"
        + "L1R5cGVQZXJtaXNzaW9uAQAEQ29kZQEABmFsbG93cwEAFChMamF2YS9sYW5nL0NsYXNzOylaAQAIPGNsaW5pdD4AIQAHAAIAAQAO"
        + "AAEAGQAMAA0AAAADAAEABQAGAAEAEAAAABEAAQABAAAABSq3AAGxAAAAAAABABEAEgABABAAAAAOAAEAAgAAAAIErAAAAAAACAAT"
        + "AAYAAQAQAAAAFwACAAAAAAALuwAHWbcACbMACrEAAAAAAAA="
}
