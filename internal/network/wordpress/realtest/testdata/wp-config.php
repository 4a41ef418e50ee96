<?php
// Each site is a database of its own, served by a PHP of its own: both are told by its environment.
define('DB_NAME', getenv('COMPTOIR_DB'));
define('DB_USER', 'root');
define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:' . getenv('COMPTOIR_SOCKET'));
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
foreach (['AUTH_KEY', 'SECURE_AUTH_KEY', 'LOGGED_IN_KEY', 'NONCE_KEY', 'AUTH_SALT', 'SECURE_AUTH_SALT', 'LOGGED_IN_SALT', 'NONCE_SALT'] as $k) {
	define($k, hash('sha256', 'test ' . $k));
}
$table_prefix = 'wp_';
define('WP_HOME', getenv('COMPTOIR_HOME'));
define('WP_SITEURL', getenv('COMPTOIR_HOME'));
define('WP_ENVIRONMENT_TYPE', 'local'); // application passwords without encryption
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('DISABLE_WP_CRON', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
define('WP_AUTO_UPDATE_CORE', false);
if (!defined('ABSPATH')) {
	define('ABSPATH', __DIR__ . '/');
}
require_once ABSPATH . 'wp-settings.php';
